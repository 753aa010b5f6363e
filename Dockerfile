# docker build -t cairn-node .
# docker run -v cairn:/data -p 18444:18444 cairn-node start --datadir /data --role full

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-progress
COPY tsconfig.json ./
COPY .config .config
COPY src src
COPY test/build.mjs test/build.mjs
RUN node test/build.mjs

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-progress && npm cache clean --force

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY config config
RUN ln -s /app/dist/main.js /usr/local/bin/cairn && mkdir /data && chown node:node /data
USER node
VOLUME /data
# P2P, WebSocket. JSON-RPC (18443) and health (18446) stay inside unless configured otherwise.
EXPOSE 18444 18445
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:18446/livez').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The option is explained in src/platform/nodeFlags.ts.
ENTRYPOINT ["node", "--max-semi-space-size=4", "/app/dist/main.js"]
CMD ["start", "--datadir", "/data"]
