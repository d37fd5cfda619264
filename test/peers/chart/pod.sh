#!/bin/sh
# Runs a container's command as a pod would have it, within a mount namespace of its own (unshare --mount, as root): a read-only root
# with the machine's libraries, Node and the bundle, the volumes where they are mounted, and a user without any capability.
#   pod.sh ROOT NODE APP ETC USER GROUP GROUPS COMMAND...      each line of $POD_MOUNTS: ro|rw SOURCE PATH
set -eu
root=$1 node=$2 app=$3 etc=$4 user=$5 group=$6 groups=$7
shift 7

bind() { # MODE SOURCE PATH
  mount --bind "$2" "$root$3"
  if [ "$1" = ro ]; then mount -o remount,bind,ro "$root$3"; fi
}

mount -t tmpfs -o mode=0755 tmpfs "$root"
for part in usr bin sbin lib lib64; do
  if [ -L "/$part" ]; then
    cp -P "/$part" "$root/$part"
  elif [ -d "/$part" ]; then
    mkdir "$root/$part"
    bind ro "/$part" "/$part"
  fi
done
mkdir -p "$root/proc" "$root/dev" "$root/app" "$root/nodejs/bin"
mount --rbind /proc "$root/proc"
for device in null zero urandom random; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
: >"$root/nodejs/bin/node"
bind ro "$node" /nodejs/bin/node
bind ro "$app" /app
cp -r "$etc" "$root/etc"
printf '%s\n' "$POD_MOUNTS" | while read -r mode source path; do
  if [ -z "$mode" ]; then continue; fi
  mkdir -p "$root$path"
  bind "$mode" "$source" "$path"
done
unset POD_MOUNTS
mount -o remount,ro "$root"
exec /usr/sbin/chroot "$root" /usr/bin/setpriv --reuid "$user" --regid "$group" --groups "$groups" \
  --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"
