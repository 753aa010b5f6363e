/** Bounds of everything that arrives from a peer. Each is checked before memory is set aside for it. */

/** Version of the peer protocol spoken here; hello carries a range (protocol §1.1). */
export const PROTOCOL_VERSION = 1;

/** 4 MiB: the largest payload of one request or answer (protocol §A.3); a full block with witness fits. */
export const MAX_MESSAGE_PAYLOAD = 4 * 1024 * 1024;

/** Type byte and request id in front of a payload. */
export const MESSAGE_HEADER_BYTES = 5;

/** Largest frame on a request stream, without its varint length. */
export const MAX_FRAME_BYTES = MAX_MESSAGE_PAYLOAD + MESSAGE_HEADER_BYTES;

/** Requests a peer may have waiting for an answer, over all its streams (protocol §A.3). */
export const MAX_OUTSTANDING_REQUESTS = 16;

/** 1 MiB: gossip carries announcements, transactions and small blocks; anything larger is fetched by request. */
export const MAX_GOSSIP_BYTES = 1024 * 1024;

/** Group, role and user agent in hello, the text of an error: printable ASCII of at most so many bytes. */
export const MAX_TEXT_BYTES = 256;

/** A hello is below 900 bytes with every text at its limit. */
export const MAX_HELLO_BYTES = 1024;
