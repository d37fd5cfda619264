#!/usr/bin/env bash
# Verifies an unpacked evidence bundle offline, with sha256sum, openssl (3), jq (1.6 or later) and cosign (3.1.1 or later): nothing of Annexa.
# Who wants to rest on it takes the copy that is published with a release, not the one inside the bundle.
# The steps, one by one and by hand: docs/verify-by-hand.md.
set -euo pipefail
export LC_ALL=C TZ=UTC

usage() {
  cat <<'TEXT'
usage: verify.sh [--all | --sample N] [--keys DIR] [--key FINGERPRINT ...] [--tsa FILE] [--jobs N] [BUNDLE-DIRECTORY]

  --all         prove every entry with cosign (some 50 ms each); else at most 400, evenly spread
  --sample N    prove so many
  --keys DIR    public keys (*.pem) that came to you another way: no other key is accepted
  --key HEX     the same, by a key's fingerprint (SHA-256 of its DER); may be given more than once
  --tsa FILE    certificates of timestamp authorities (PEM) that came to you another way: no other is accepted
  --jobs N      side by side; as many as there are processors unless given

0: all that was checked is well; 1: it is not; 2: usage; 3: it could not be checked.
TEXT
}

SAMPLE=400 ALL=no KEYS='' TSA='' JOBS='' FINGERPRINTS=() BUNDLE=''
while [ $# -gt 0 ]; do
  case $1 in
    --all) ALL=yes ;;
    --sample | --keys | --key | --tsa | --jobs)
      if [ $# -lt 2 ]; then
        usage >&2
        exit 2
      fi
      case $1 in
        --sample) SAMPLE=$2 ;;
        --keys) KEYS=$2 ;;
        --key) FINGERPRINTS+=("$2") ;;
        --tsa) TSA=$2 ;;
        --jobs) JOBS=$2 ;;
      esac
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    -*)
      usage >&2
      exit 2
      ;;
    *) BUNDLE=$1 ;;
  esac
  shift
done
case $SAMPLE$JOBS in *[!0-9]*)
  usage >&2
  exit 2
  ;;
esac
for tool in sha256sum openssl jq cosign find sort comm awk sed xargs date base64; do
  if ! command -v "$tool" >/dev/null; then
    echo "verify.sh: $tool is needed" >&2
    exit 3
  fi
done
if [ -n "$KEYS" ]; then
  if [ ! -d "$KEYS" ]; then
    echo "verify.sh: --keys $KEYS: there is no such directory" >&2
    exit 2
  fi
  KEYS=$(cd "$KEYS" && pwd)
fi
if [ -n "$TSA" ]; then
  if [ ! -s "$TSA" ]; then
    echo "verify.sh: --tsa $TSA: there is no such file" >&2
    exit 2
  fi
  TSA=$(cd "$(dirname "$TSA")" && pwd)/$(basename "$TSA")
fi
cd "${BUNDLE:-$(dirname "$0")}"
JOBS=${JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
# cosign looks for its own cache in the home directory, and nothing is asked of the network.
export WORK HOME="$WORK"
: >"$WORK/problems"

well() { echo "ok    $*"; }
problem() {
  echo "FAIL  $*"
  echo "$*" >>"$WORK/problems"
}
note() { echo "note  $*"; }
# What later steps rest on is not there: nothing more can be said.
stop() {
  problem "$*"
  echo 'NOT verified'
  exit 1
}
# Runs a function for each line of a file, side by side. What it prints is a problem; so is one that doesn't come to its end.
each() {
  local line ended=0 found=0
  # shellcheck disable=SC2016 # expanded by the inner shell
  while IFS= read -r line; do
    if [ "$line" = . ]; then
      ended=$((ended + 1))
    else
      problem "$line"
      found=1
    fi
  done < <(xargs -r -d '\n' -n 1 -P "$JOBS" bash -c '"$0" "$1"; echo .' "$1" <"$2")
  if [ "$ended" != "$(wc -l <"$2")" ]; then
    problem "$1: $ended of $(wc -l <"$2") came to an end"
    found=1
  fi
  return $found
}

# --- Files -----------------------------------------------------------------------------------------------------------------------------

for file in SHA256SUMS manifest.json manifest.note envelopes.jsonl proofs.jsonl evidence/index.csv tsa/ca.pem; do
  [ -f "$file" ] || stop "$file is missing"
done
if [ -n "$(find . ! -type f ! -type d)" ]; then problem 'there is a link, a pipe or a device among the files'; fi
if sha256sum --check --strict --quiet SHA256SUMS >"$WORK/sums" 2>&1; then
  well "SHA256SUMS: $(wc -l <SHA256SUMS) files have their sums"
else
  while IFS= read -r line; do problem "SHA256SUMS: $line"; done <"$WORK/sums"
fi
sed 's/^[0-9a-f]\{64\}  //' SHA256SUMS | sort >"$WORK/listed"
find . -type f ! -path ./SHA256SUMS | sed 's|^\./||' | sort >"$WORK/found"
if cmp -s "$WORK/listed" "$WORK/found"; then
  well 'no file is outside SHA256SUMS'
else
  while IFS= read -r name; do problem "$name is not in SHA256SUMS"; done < <(comm -13 "$WORK/listed" "$WORK/found")
  while IFS= read -r name; do problem "$name is missing, or listed twice"; done < <(comm -23 "$WORK/listed" "$WORK/found")
fi
jq -r '.files[] | .sha256 + "  " + .name' manifest.json | sort >"$WORK/manifest" || stop 'manifest.json is not JSON'
grep -v -e '  manifest\.json$' -e '  manifest\.note$' SHA256SUMS | sort >"$WORK/others" || true
if cmp -s "$WORK/manifest" "$WORK/others"; then
  well 'manifest.json lists the same files and sums'
else
  problem 'manifest.json and SHA256SUMS list different files or sums'
fi
if sed -n 's|^\([0-9a-f]\{64\}\)  evidence/\(.*\)\.ndjson$|\1 \2|p' SHA256SUMS | awk '$1 != $2 { exit 1 }'; then
  well 'each body is named by its digest'
else
  problem 'a body of evidence/ is not named by its digest'
fi

# --- Keys ------------------------------------------------------------------------------------------------------------------------------

fingerprint() { openssl pkey -pubin -in "$1" -outform DER 2>/dev/null | sha256sum | cut -d' ' -f1; }

jq -c '{index, payload: (.envelope.payload | @base64d | fromjson)}' envelopes.jsonl >"$WORK/statements" ||
  stop 'envelopes.jsonl: a line is not an envelope'
jq -c 'select(.payload.predicateType | test("/(genesis|rotation)/v1$"))' "$WORK/statements" >"$WORK/keys"
jq -e -s '.[0].index == 0 and (.[0].payload.predicateType | endswith("/genesis/v1"))' "$WORK/keys" >/dev/null ||
  stop 'envelopes.jsonl: entry 0, the genesis, is not there'
ORIGIN=$(jq -r -s '.[0].payload.predicate.log' "$WORK/keys")
export ORIGIN
for use in envelope checkpoint; do
  jq -r -s ".[0].payload.predicate.keys.$use" "$WORK/keys" | base64 -d | sha256sum | cut -d' ' -f1 >"$WORK/first-$use"
done
# Envelope keys: from which index on. A rotation is two entries with one payload, and holds from the second.
{
  echo "0 $(cat "$WORK/first-envelope")"
  jq -r -s '[.[1:][] | select(.payload.predicate.use == "envelope")] | group_by(.payload) | map(.[0]) | sort_by(.index)[]
    | "\(.index + 1) \(.payload.predicate.to)"' "$WORK/keys"
} >"$WORK/envelope-keys"
# Checkpoint keys: what changes for checkpoints larger than an index.
{
  echo "0 begin - $(cat "$WORK/first-checkpoint")"
  jq -r '.index as $index | .payload.predicate | select(.use == "checkpoint") | "\($index) \(.step) \(.from) \(.to)"' "$WORK/keys"
} >"$WORK/checkpoint-keys"
envelope_key() { awk -v index_="$1" '$1 <= index_ { key = $2 } END { print key }' "$WORK/envelope-keys"; }
checkpoint_keys() {
  awk -v size="$1" '$1 < size && $2 == "begin" { held[$4] = ++count } $1 < size && $2 == "end" { delete held[$3] }
    END { for (key in held) print held[key], key }' "$WORK/checkpoint-keys" | sort -n | cut -d' ' -f2
}

if [ -n "$KEYS" ]; then
  while IFS= read -r file; do FINGERPRINTS+=("$(fingerprint "$file")"); done < <(find "$KEYS" -name '*.pem' -type f)
  if [ ${#FINGERPRINTS[@]} -eq 0 ]; then stop "--keys $KEYS: there is no *.pem"; fi
fi
while IFS= read -r key; do
  if [ ! -f "keys/$key.pem" ] || [ "$(fingerprint "keys/$key.pem")" != "$key" ]; then
    stop "keys/$key.pem is missing, or is another key"
  fi
  if [ ${#FINGERPRINTS[@]} -gt 0 ] && [[ " ${FINGERPRINTS[*]} " != *" $key "* ]]; then
    problem "keys/$key.pem: this key is not among those that came another way"
  fi
done < <({ cut -d' ' -f2 "$WORK/envelope-keys"; cut -d' ' -f4 "$WORK/checkpoint-keys"; } | sort -u)
if [ ${#FINGERPRINTS[@]} -gt 0 ]; then
  well 'the keys that the log says are in force were compared with those that came another way'
else
  note 'the keys come from the bundle itself and prove nothing alone: give --keys or --key with what you got another way'
fi

# The trusted root for cosign: the log under these keys, and nothing else.
while IFS= read -r key; do
  openssl pkey -pubin -in "keys/$key.pem" -outform DER >"$WORK/spki"
  jq -cn --arg origin "$ORIGIN" --arg spki "$(base64 -w0 "$WORK/spki")" \
    --arg id "$({ printf '%s\n\001' "$ORIGIN"; tail -c 32 "$WORK/spki"; } | openssl dgst -sha256 -binary | base64 -w0)" \
    '{baseUrl: "https://\($origin)", hashAlgorithm: "SHA2_256", publicKey: {rawBytes: $spki, keyDetails: "PKIX_ED25519",
      validFor: {start: "1970-01-01T00:00:00Z"}}, logId: {keyId: $id}}'
done < <(cut -d' ' -f4 "$WORK/checkpoint-keys") |
  jq -s '{mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1", tlogs: ., certificateAuthorities: [], ctlogs: [],
    timestampAuthorities: []}' >"$WORK/trusted_root.json"
if jq -e -n --slurpfile made "$WORK/trusted_root.json" --slurpfile given trusted_root.json '$made == $given' >/dev/null; then
  well 'trusted_root.json names this log alone, under those keys'
else
  problem 'trusted_root.json is not the one of those keys'
fi

# --- Notes: the manifest, checkpoints ----------------------------------------------------------------------------------------------------

# note_signed FILE KEY: whether a line of the note is a signature over its text by the key, under the origin.
note_signed() {
  local text signature line name=${1//\//_}
  text=$WORK/note-$name-$2 signature=$WORK/sig-$name-$2
  sed '/^$/,$d' "$1" >"$text"
  while IFS= read -r line; do
    base64 -d <<<"$line" 2>/dev/null | tail -c 64 >"$signature"
    if openssl pkeyutl -verify -pubin -inkey "keys/$2.pem" -rawin -in "$text" -sigfile "$signature" >/dev/null 2>&1; then
      rm -f "$text" "$signature"
      return 0
    fi
  done < <(sed -n "s/^\xe2\x80\x94 $ORIGIN //p" "$1")
  rm -f "$text" "$signature"
  return 1
}

AT=$(jq -r .question.at manifest.json) FIRST=$(jq -r .range.first manifest.json) END=$(jq -r .range.end manifest.json)
{
  printf 'annexa-bundle/v1\n%s\n' "$ORIGIN"
  sha256sum manifest.json | cut -d' ' -f1
} >"$WORK/expected"
signed=no
while IFS= read -r key; do if note_signed manifest.note "$key"; then signed=yes; fi; done < <(checkpoint_keys "$AT")
if sed '/^$/,$d' manifest.note | cmp -s - "$WORK/expected" && [ $signed = yes ]; then
  well 'manifest.note signs manifest.json, by a key of the log'
else
  problem 'manifest.note does not sign manifest.json by a key of the log'
fi

# Prints what is wrong with a checkpoint.
check_checkpoint() {
  local file=log/checkpoints/$1 key
  if [ "$(sed -n 1p "$file")" != "$ORIGIN" ] || [ "$(sed -n 2p "$file")" != "$1" ]; then
    echo "$file is of another log or another size"
  fi
  [ -n "$(checkpoint_keys "$1")" ] || echo "$file: no key is in force at its size"
  while IFS= read -r key; do
    note_signed "$file" "$key" || echo "$file is not signed by the key $key"
  done < <(checkpoint_keys "$1")
}

find log/checkpoints -type f -regex '.*/[1-9][0-9]*' | sed 's|.*/||' | sort -n >"$WORK/sizes"
for size in "$FIRST" "$END" "$AT"; do
  if [ "$size" != 0 ] && ! grep -qx "$size" "$WORK/sizes"; then problem "log/checkpoints/$size is missing"; fi
done

# --- Tokens ------------------------------------------------------------------------------------------------------------------------------

# Verifies a token over its checkpoint as of its own time, and keeps size, time and digest. Prints what is wrong.
check_token() {
  local name size time
  name=${1#log/checkpoints/} size=${1#log/checkpoints/}
  size=${size%%.*}
  time=$(openssl ts -reply -in "$1" -text 2>/dev/null | sed -n 's/^Time stamp: //p' | sed 's/\.[0-9]*//')
  time=$(date -d "$time" +%s 2>/dev/null || true)
  if [ -z "$time" ] || ! [ -f "log/checkpoints/$size" ]; then
    echo "$1 is no token over a checkpoint"
  elif openssl ts -verify -attime "$time" -in "$1" -data "log/checkpoints/$size" -CAfile "$TSA" >/dev/null 2>&1; then
    echo "$size $time $(sha256sum "$1" | cut -d' ' -f1)" >"$WORK/token-$name"
  else
    echo "$1 is not a token over log/checkpoints/$size by a trusted authority"
  fi
}
well_tokens=yes
from_bundle=no
if [ -z "$TSA" ]; then
  TSA=$PWD/tsa/ca.pem from_bundle=yes
fi
export TSA
export -f fingerprint envelope_key checkpoint_keys note_signed check_checkpoint check_token
find log/checkpoints -name '*.tsr' -type f | sort >"$WORK/tokens"
each check_token "$WORK/tokens" || well_tokens=no
find "$WORK" -name 'token-*' -exec cat {} + | sort -n -k1,1 -k2,2 >"$WORK/times"
cut -d' ' -f1 "$WORK/times" | uniq >"$WORK/stamped"
if [ ! -s "$WORK/tokens" ]; then
  note 'there is no token: all times are asserted by the agent'
elif [ $well_tokens = yes ]; then
  well "tokens: $(wc -l <"$WORK/tokens") verify, each as of its own time"
fi
if [ -s "$WORK/tokens" ] && [ $from_bundle = yes ]; then
  note 'the certificates of the authorities come from the bundle itself and prove nothing alone: give --tsa with those that you got another way'
fi

# --- Entries: complete, in their place, of their time ---------------------------------------------------------------------------------------

jq -r .index "$WORK/statements" >"$WORK/indexes"
jq -r .index proofs.jsonl >"$WORK/proven" || stop 'proofs.jsonl: a line is not a proof'
if cmp -s "$WORK/indexes" "$WORK/proven"; then
  well "proofs.jsonl has a proof for each of $(wc -l <"$WORK/indexes") envelopes"
else
  problem 'proofs.jsonl and envelopes.jsonl are not about the same entries'
fi
if awk -v first="$FIRST" -v end="$END" '
  NR > 1 && $1 <= last { wrong = 1 }
  { last = $1 }
  $1 >= first && $1 < end { count += 1 }
  END { exit (wrong || count != end - first) }' "$WORK/indexes"; then
  well "every entry from $FIRST to $((END - 1)) is there, once"
else
  problem "envelopes.jsonl: not every entry from $FIRST to $((END - 1)) is there once, in order"
fi
# The checkpoint of each proof is the first one with a token that covers the entry, else the first that covers it.
jq -r '"\(.index) \(.size)"' proofs.jsonl | awk -v sizes="$WORK/sizes" -v stamped="$WORK/stamped" '
  BEGIN { while ((getline line < stamped) > 0) with[++n] = line + 0; while ((getline line < sizes) > 0) all[++m] = line + 0 }
  function above(list, count, value,   low, high, middle) {
    low = 1; high = count + 1
    while (low < high) { middle = int((low + high) / 2); if (list[middle] > value) high = middle; else low = middle + 1 }
    return low
  }
  { place = above(with, n, $1); size = place <= n ? with[place] : all[above(all, m, $1)]
    if (size != $2) print "entry " $1 " is proven in the checkpoint of size " $2 ", not in the first that covers it (" size ")" }
' >"$WORK/elsewhere"
if [ -s "$WORK/elsewhere" ]; then
  while IFS= read -r line; do problem "$line"; done < <(head -n 20 "$WORK/elsewhere")
else
  well 'each entry is proven in the first timestamped checkpoint that covers it, or the first that does'
fi
# Statements are of this log, and between the token of their anchor and the one that covers them (300 s of tolerance).
jq -r '.payload.predicate as $p | "\(.index) \($p.log) \($p.sealedAt) \($p.anchor.tokens | join(","))"' "$WORK/statements" |
  awk -v origin="$ORIGIN" -v times="$WORK/times" '
  BEGIN { while ((getline line < times) > 0) { split(line, part, " "); digest[part[3]] = part[2]
    if (!(part[1] in earliest)) { earliest[part[1]] = part[2]; size[++n] = part[1] + 0 } } at = 1 }
  $2 != origin { print "entry " $1 " is of another log: " $2 }
  { while (at <= n && size[at] <= $1 + 0) at += 1
    if (at <= n && $3 > earliest[size[at]] + 300) print "entry " $1 " says that it was sealed after the token that covers it"
    count = split($4, token, ",")
    for (i = 1; i <= count; i++) if (token[i] in digest && $3 < digest[token[i]] - 300)
      print "entry " $1 " says that it was sealed before the token of its anchor"
    if ($3 < last) print "entry " $1 " says that it was sealed before the entry before it"
    last = $3 }' >"$WORK/untimely"
if [ -s "$WORK/untimely" ]; then
  while IFS= read -r line; do problem "$line"; done < <(head -n 20 "$WORK/untimely")
else
  well 'statements are of this log, in order of their times, and within what the tokens allow'
fi
# evidence/index.csv says of a body what the signed statement says: index, stream, number, predicate, subject, digest, time.
jq -r '.index as $index | .payload | .predicate as $p | (.predicateType | split("/")[-2]) as $type | .subject[]
  | [$index, $p.stream, $p.seq, $type, .name, .digest.sha256, ($p.sealedAt | todate)] | map(tostring) | join("\u0001")' \
  "$WORK/statements" | sort -u >"$WORK/said"
jq -R -r 'def row: [match("(?:^|,)(?:\"((?:[^\"]|\"\")*)\"|([^,]*))"; "g").captures
      | (.[0].string // .[1].string // "") | gsub("\"\""; "\"")];
  row | [.[0:6][], .[9]] | join("\u0001")' <evidence/index.csv | tail -n +2 | sort -u >"$WORK/claimed"
if [ "$(head -n 1 evidence/index.csv | tr -d '\r' | cut -d, -f1-6,10)" != 'index,stream,seq,predicate,subject,sha256,sealed' ]; then
  problem 'evidence/index.csv has other columns than expected'
elif [ -n "$(comm -23 "$WORK/claimed" "$WORK/said")" ]; then
  while IFS= read -r line; do problem "evidence/index.csv says what no statement says: ${line//$'\001'/ }"; done < <(
    comm -23 "$WORK/claimed" "$WORK/said" | head -n 20
  )
else
  well "evidence/index.csv: streams, times and digests of $(wc -l <"$WORK/claimed") bodies are those of the signed statements"
fi

# --- cosign ------------------------------------------------------------------------------------------------------------------------------

# Which entries: the genesis and rotations always, the others evenly spread.
COUNT=$(wc -l <"$WORK/indexes")
if [ $ALL = yes ]; then SAMPLE=$COUNT; fi
jq -r .index "$WORK/keys" >"$WORK/always"
awk -v count="$COUNT" -v sample="$SAMPLE" 'NR == FNR { always[$1]; next }
  $1 in always || int(FNR * sample / count) > int((FNR - 1) * sample / count)' "$WORK/always" "$WORK/indexes" >"$WORK/chosen"
mkdir "$WORK/envelopes" "$WORK/proofs"
for kind in envelopes proofs; do
  awk -v folder="$WORK/$kind" 'NR == FNR { chosen[$1]; next }
    match($0, /^\{"index":[0-9]+/) { index_ = substr($0, 10, RLENGTH - 9)
      if (index_ in chosen) { file = folder "/" index_; print > file; close(file) } }' "$WORK/chosen" "$kind.jsonl"
done

# cosign refuses larger blobs, and takes their digest.
BLOB_BYTES=134217728
# Makes a Sigstore bundle of an entry and lets cosign verify signature, body and inclusion. Prints what is wrong.
check_entry() {
  local index=$1 entry=$WORK/envelopes/$1 proof=$WORK/proofs/$1 folder size key id type digest body
  if ! [ -f "$entry" ] || ! [ -f "$proof" ]; then
    echo "entry $index: its envelope or its proof is not there"
    return
  fi
  folder=$WORK/entry-$index
  mkdir "$folder"
  size=$(jq -r .size "$proof")
  key=$(envelope_key "$index")
  jq -r .envelope.payload "$entry" | base64 -d >"$folder/statement.json"
  jq -r '.envelope.signatures[0].sig' "$entry" | tr -d '\n' >"$folder/sig"
  { printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c <"$folder/statement.json")"; cat "$folder/statement.json"; } >"$folder/pae"
  jq -cnj --arg digest "$(openssl dgst -sha256 -binary "$folder/pae" | base64 -w0)" --rawfile signature "$folder/sig" \
    --arg key "$(openssl pkey -pubin -in "keys/$key.pem" -outform DER | base64 -w0)" \
    '{apiVersion: "0.0.2", kind: "hashedrekord", spec: {hashedRekordV002: {data: {algorithm: "SHA2_256", digest: $digest},
      signature: {content: $signature, verifier: {keyDetails: "PKIX_ECDSA_P256_SHA_256", publicKey: {rawBytes: $key}}}}}}' >"$folder/leaf"
  id=$(checkpoint_keys "$size" | head -n 1)
  id=$(openssl pkey -pubin -in "keys/$id.pem" -outform DER | tail -c 32 | { printf '%s\n\001' "$ORIGIN"; cat; } | openssl dgst -sha256 -binary | base64 -w0)
  jq -n --slurpfile entry "$entry" --slurpfile proof "$proof" --rawfile note "log/checkpoints/$size" \
    --arg leaf "$(base64 -w0 "$folder/leaf")" --arg id "$id" \
    '$entry[0].envelope as $envelope | $proof[0] as $proof | ($proof.index | tostring) as $index | {
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      verificationMaterial: {publicKey: {hint: ""}, tlogEntries: [{logIndex: $index, logId: {keyId: $id},
        kindVersion: {kind: "hashedrekord", version: "0.0.2"},
        inclusionProof: {logIndex: $index, rootHash: ($note | split("\n")[2]), treeSize: ($proof.size | tostring), hashes: $proof.hashes,
          checkpoint: {envelope: $note}}, canonicalizedBody: $leaf}]},
      dsseEnvelope: {payload: $envelope.payload, payloadType: $envelope.payloadType, signatures: ($envelope.signatures | map({sig}))}}' \
    >"$folder/s.sigstore.json"
  type=$(jq -r .predicateType "$folder/statement.json")
  # A body of it that is here; else the digest of its first subject stands for itself.
  digest=$(jq -r '.subject[0].digest.sha256' "$folder/statement.json") body=''
  while IFS= read -r one; do
    if [ -f "evidence/$one.ndjson" ]; then
      digest=$one body=evidence/$one.ndjson
      break
    fi
  done < <(jq -r '.subject[].digest.sha256' "$folder/statement.json")
  local about=(--digest "$digest" --digestAlg sha256)
  if [ -n "$body" ] && [ "$(wc -c <"$body")" -le "$BLOB_BYTES" ]; then about=("$body"); fi
  if ! cosign verify-blob-attestation --key "keys/$key.pem" --trusted-root "$WORK/trusted_root.json" --type "$type" \
    --bundle "$folder/s.sigstore.json" "${about[@]}" >"$folder/cosign" 2>&1; then
    echo "entry $index: cosign: $(grep -v '^$' "$folder/cosign" | head -n 1)"
  fi
  rm -rf "$folder"
}
export BLOB_BYTES

# SHA-256 of 0x01 and two hashes, all in hex: RFC 6962, 2.1.
node() {
  local pair=$1$2 bytes='' at sum
  for ((at = 0; at < 128; at += 2)); do bytes+="\\x${pair:at:2}"; done
  # shellcheck disable=SC2059 # the bytes are made here
  sum=$(printf "\\001$bytes" | sha256sum)
  echo "${sum%% *}"
}
hex() { base64 -d | od -An -v -tx1 | tr -d ' \n'; }
# Whether the log of a checkpoint begins with that of the one before: RFC 9162, 2.1.4.2. Prints what is wrong.
check_consistency() {
  local from to first second old new path=() hash fn sn
  read -r from to <<<"$1"
  first=$(sed -n 3p "log/checkpoints/$from" | hex) second=$(sed -n 3p "log/checkpoints/$to" | hex)
  while IFS= read -r hash; do path+=("$(hex <<<"$hash")"); done < <(
    jq -r --argjson from "$from" --argjson to "$to" '.[] | select(.from == $from and .to == $to) | .hashes[]' log/consistency.json
  )
  if (((from & (from - 1)) == 0)); then path=("$first" "${path[@]}"); fi
  fn=$((from - 1)) sn=$((to - 1))
  while ((fn & 1)); do fn=$((fn >> 1)) sn=$((sn >> 1)); done
  old=${path[0]:-} new=${path[0]:-}
  for hash in "${path[@]:1}"; do
    if ((sn == 0)); then
      old=''
      break
    elif ((fn & 1)) || ((fn == sn)); then
      old=$(node "$hash" "$old") new=$(node "$hash" "$new")
      while ((!(fn & 1) && fn != 0)); do fn=$((fn >> 1)) sn=$((sn >> 1)); done
    else
      new=$(node "$new" "$hash")
    fi
    fn=$((fn >> 1)) sn=$((sn >> 1))
  done
  if ((sn != 0)) || [ "$old" != "$first" ] || [ "$new" != "$second" ]; then
    echo "log/checkpoints/$to: its log does not begin with the log of log/checkpoints/$from"
  fi
}
export -f check_entry node hex check_consistency

# --- Checkpoints: signed, and each a beginning of the next -----------------------------------------------------------------------------

{
  cat "$WORK/stamped"
  printf '%s\n' "$FIRST" "$END" "$AT"
  while IFS= read -r index; do
    if [ -f "$WORK/proofs/$index" ]; then jq -r .size "$WORK/proofs/$index"; fi
  done <"$WORK/chosen"
  if [ $ALL = yes ]; then cat "$WORK/sizes"; fi
} | sort -u | comm -12 - <(sort "$WORK/sizes") >"$WORK/used"
if each check_checkpoint "$WORK/used"; then
  well "checkpoints: $(wc -l <"$WORK/used") of $(wc -l <"$WORK/sizes") are signed by the keys in force at their size"
fi
awk 'NR > 1 { print last " " $1 } { last = $1 }' "$WORK/sizes" >"$WORK/pairs"
PAIRS=$(wc -l <"$WORK/pairs")
jq -r '.[] | "\(.from) \(.to)"' log/consistency.json | cmp -s - "$WORK/pairs" ||
  problem 'log/consistency.json is not about each checkpoint and the next larger one'
awk -v count="$PAIRS" -v sample="$SAMPLE" 'sample >= count || int(NR * sample / count) > int((NR - 1) * sample / count)' \
  "$WORK/pairs" >"$WORK/linked"
if each check_consistency "$WORK/linked"; then
  well "consistency: $(wc -l <"$WORK/linked") of $PAIRS checkpoints begin with the log of the one before"
fi

# --- cosign, entry by entry ------------------------------------------------------------------------------------------------------------

if each check_entry "$WORK/chosen"; then
  well "cosign: $(wc -l <"$WORK/chosen") of $COUNT entries are signed by the key in force, name their body, and are in the log"
fi

# --- What was found ----------------------------------------------------------------------------------------------------------------------

if [ "$(wc -l <"$WORK/chosen")" -lt "$COUNT" ]; then
  note "$((COUNT - $(wc -l <"$WORK/chosen"))) entries were not proven one by one: --all does"
fi
note 'not checked here: that the reports and tables follow from the evidence (annexa verify), nor the verdicts (annexa reperform)'
note 'split view not excluded: compare log/checkpoints with one that you kept, or with a witness (annexa verify --since, --witness)'
if [ -s "$WORK/problems" ]; then
  echo "NOT verified: $(wc -l <"$WORK/problems") problems"
  exit 1
fi
echo 'verified: all that was checked is well'
