// SPDX-License-Identifier: Apache-2.0
//
// Passkeys in the browser: what the service asks for and gets is JSON, as the W3C's Web
// Authentication Level 3 (§5.1) has it. No dependency; copy it freely.

/**
 * Why no passkey can be made or used on this page: 'old' for a browser that lacks them, 'name' for
 * a page whose name is not the relying party's. Null where nothing is in the way.
 */
export function passkeyObstacle(relyingPartyId, hostname = globalThis.location?.hostname) {
  const passkeys = globalThis.PublicKeyCredential;
  if (!passkeys?.parseCreationOptionsFromJSON || !passkeys.parseRequestOptionsFromJSON)
    return 'old';
  // An address never fits: browsers make passkeys for names only.
  const fits = hostname === relyingPartyId || hostname.endsWith(`.${relyingPartyId}`);
  return fits ? null : 'name';
}

/** Makes a passkey; the browser asks the user. Gives what CompleteWebAuthnRegistration takes. */
export async function createPasskey(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return (await navigator.credentials.create({ publicKey })).toJSON();
}

/** Uses a passkey; the browser asks the user. Gives what WEB_AUTHN takes as CREDENTIAL. */
export async function usePasskey(options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await navigator.credentials.get({ publicKey })).toJSON();
}
