# Builds with everything, runs with what production needs, as nobody special. Node handles SIGTERM itself and
# waits for the one process that a first start has, so no init is needed in front of it.
FROM node:26-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json vite.config.ts ./
COPY src ./src
# The console shows the runbook.
COPY docs/operations.md ./docs/
# The clients of the buses and Bull Board stay in the image: with npm's prune they would go, as they are optional.
RUN node -e "const f='package.json',p=JSON.parse(fs.readFileSync(f));for(const n in p.peerDependencies)p.dependencies[n]=p.devDependencies[n],delete p.devDependencies[n];fs.writeFileSync(f,JSON.stringify(p))"
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:26-trixie-slim
ENV NODE_ENV=production DATA_DIR=/data
WORKDIR /app
RUN mkdir /data && chown node:node /data
COPY --from=build --chown=root:root /app/package.json ./
COPY --from=build --chown=root:root /app/node_modules ./node_modules
COPY --from=build --chown=root:root /app/dist ./dist
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
