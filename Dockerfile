# The relay and its page. Three stages: build everything, install what runs, copy both into a small image without a shell user's rights.
# docs/self-hosting.md says how to run it; `npm run verify -- image` carries these steps out without a Docker engine.

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# With optional packages: compilers and bundlers ship their programs as such.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json vite.config.ts ./
COPY shared ./shared
COPY relay ./relay
COPY daemon ./daemon
COPY pwa ./pwa
COPY public ./public
RUN npm run build

FROM node:20-bookworm-slim AS runtime
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:20-bookworm-slim
LABEL org.opencontainers.image.title="clawtab-relay" org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production LISTEN=0.0.0.0:7300 CLAWTAB_STATE=/var/lib/clawtab
WORKDIR /app
COPY --from=runtime /app/node_modules ./node_modules
COPY --from=build /app/dist/relay ./dist/relay
COPY --from=build /app/dist/shared ./dist/shared
COPY --from=build /app/dist/pwa ./dist/pwa
COPY package.json LICENSE ./
RUN mkdir -p /var/lib/clawtab && chown node:node /var/lib/clawtab
USER node
VOLUME /var/lib/clawtab
EXPOSE 7300
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["node", "dist/relay/healthcheck.js"]
CMD ["node", "--max-semi-space-size=4", "dist/relay/main.node.js"]
