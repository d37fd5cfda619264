# docs/image.md. Both bases are given with their digests: there is no default, since a tag is not the same image tomorrow.
#   BUILD_BASE  Debian with npm, such as node:24-bookworm-slim@sha256:...
#   BASE        Node 24 on glibc, such as registry.example/distroless/nodejs24-debian12:nonroot@sha256:... It needs no shell.
ARG BUILD_BASE
ARG BASE

FROM ${BUILD_BASE} AS build
ARG BUILD_BASE
ARG BASE
# An instruction of the final stage can't refuse: it may have no shell.
RUN for base in "$BUILD_BASE" "$BASE"; do \
      case "$base" in *@sha256:*) ;; *) echo "$base: expected an image with its digest, NAME@sha256:..." >&2; exit 1 ;; esac; \
    done
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY LICENSE build.ts tsconfig.json ./
COPY build build
COPY src src
ARG REVISION
# The maps serve whoever reads a stack trace: the same commit makes the same ones.
RUN ANNEXA_REVISION="$REVISION" npm run build && rm dist/*.map

# Runs the agent once, as it will be run: the same Node, flags, paths and user.
FROM ${BASE} AS warm
COPY --from=build /src/dist /app
COPY build/warm.ts /warm.ts
ENV PATH=/nodejs/bin:/usr/local/bin:/usr/bin:/bin
USER 65532:65532
RUN ["node", "--initial-heap-size=40", "--max-semi-space-size=4", "--no-parallel-scavenge", "--optimize-for-size", "/warm.ts", "/app/annexa.mjs", "/tmp/warm", "/tmp/cache"]

FROM ${BASE}
ARG BASE
ARG REVISION
COPY --from=build --chown=0:0 /src/dist /app
COPY --from=warm --chown=0:0 /tmp/cache /app/cache
# One heap of the C library instead of one for each thread: 20 MB less.
ENV PATH=/nodejs/bin:/usr/local/bin:/usr/bin:/bin \
    MALLOC_ARENA_MAX=1 \
    NODE_COMPILE_CACHE=/app/cache \
    ANNEXA_CONFIG=/etc/annexa \
    ANNEXA_DATA=/var/lib/annexa
LABEL org.opencontainers.image.title="Annexa" \
      org.opencontainers.image.description="Continuous control monitoring for ISO/IEC 27001:2022" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE}"
WORKDIR /
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "--initial-heap-size=40", "--max-semi-space-size=4", "--no-parallel-scavenge", "--optimize-for-size", "/app/annexa.mjs"]
CMD ["run"]
