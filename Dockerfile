# One image for every part; the command chooses which. Each reads the variables that README.md lists.
# The API listens on loopback only, as long as it has no access control: run it with --network host.
#   docker run … node dist/src/http/server.js                  the API
#   docker run … node dist/workers/coordinator-worker.js       workflows, and telling Temporal what is to be done
#   docker run … node dist/workers/training-worker.js          training
#   docker run … node dist/workers/evaluation-worker.js        snapshots and evaluation
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN node scripts/build.mjs && npm prune --omit=dev

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build --chown=node:node /app/package.json ./
COPY --from=build --chown=node:node /app/node_modules ./node_modules
COPY --from=build --chown=node:node /app/prisma ./prisma
COPY --from=build --chown=node:node /app/dist ./dist
USER node
CMD ["node", "dist/src/http/server.js"]
