/** The versions that the layers negotiate in their hello. One integer each, one dated line per bump. */

/** 1: 2026-11-24 first version. */
export const FRAME_VERSION = 1;
/** 1: 2026-11-24 first version. */
export const CHANNEL_VERSION = 1;
/** 1: 2026-11-24 first version. */
export const PROTOCOL_VERSION = 1;

/** The WebSocket subprotocol; carries the version only, never a token. */
export const SUBPROTOCOL = 'clawtab.v1';
