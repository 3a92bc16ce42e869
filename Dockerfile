# One image for every process of Sluice: `sluice server`, `sluice worker`, or any other command.
ARG NODE=node:20-bookworm-slim
FROM ${NODE} AS build
WORKDIR /sluice
COPY package.json package-lock.json .npmrc ./
COPY pipelines/package.json pipelines/
COPY server/package.json server/
COPY worker/package.json worker/
COPY web/package.json web/
COPY cli/package.json cli/
COPY cli/bin cli/bin
RUN npm ci --engine-strict --loglevel=error
COPY . .
RUN npm run build && npm prune --omit=dev

FROM ${NODE}
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends git haproxy ca-certificates \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /sluice
COPY --from=build /sluice /sluice
ENV NODE_ENV=production SLUICE_WEB_ROOT=/sluice/web/dist SLUICE_DATA=/data SLUICE_HOST=0.0.0.0
RUN mkdir /data && chown node /data
USER node
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["node", "cli/bin/sluice.js"]
CMD ["server"]
