/** Version of this program, as package.json has it (test/app checks). */
export const VERSION = '0.1.0';

/** How the node names itself to peers and in RPC. */
export const USER_AGENT = `/Cairn:${VERSION}/`;
