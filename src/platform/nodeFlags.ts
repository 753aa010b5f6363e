/**
 * Options of Node that the commands which start a node give (setup.mjs and the image cannot import this: a test compares).
 * V8 lets its space for young objects grow to 32 MB and copies in one go what of it is still in use: up to 25 ms, since
 * blocks that wait for their turn are. With 4 MB it does so more often, in less than 5 ms each, and connecting blocks takes
 * as much time of the processor as before.
 */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=4'];
