export type { Lazy } from './lazy.ts';
export { createServer } from './server.ts';
export { type Backend, createServices, type ServiceOptions, type Services } from './services.ts';
export { version } from './version.ts';
