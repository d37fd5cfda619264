# The two bases of the image, as a registry would give them: Debian with npm, and one with Node, what it links to, and no shell. Node is the
# one that the lockfile brings.
FROM scratch AS debian
ADD debian.tar /

FROM debian AS build-base
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
COPY machine-ca.crt /etc/machine-ca.crt
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
ENV NODE_EXTRA_CA_CERTS=/etc/machine-ca.crt npm_config_cafile=/etc/machine-ca.crt npm_config_prefer_offline=true

FROM debian AS files
COPY node /nodejs/bin/node
RUN mkdir -p /out/etc && ldd /nodejs/bin/node | grep -o '/[^ ]*' | xargs cp --parents -L -t /out && \
    cp --parents -L /etc/ssl/certs/ca-certificates.crt /nodejs/bin/node /out && install -d -m 1777 /out/tmp && \
    echo 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >/out/etc/passwd && echo 'nonroot:x:65532:' >/out/etc/group

FROM scratch AS base
COPY --from=files /out /
