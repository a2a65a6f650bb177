// What a call over a network needs, whatever it asks for.
export { type AttemptEnd, endAfter, pauseAfter, retryAfterMs } from './attempt.ts';
export { type Breaker, breaker } from './breaker.ts';
export { type NetworkTrouble, type Trouble, troubleBehind } from './trouble.ts';
