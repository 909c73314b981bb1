#!/usr/bin/env bash
# aws-amplify 6.22.1 (npm) confirms no device where there is no global `navigator`, and says
# nothing.
#
# After a sign-in in a pool that tracks devices, Amplify names the device after
# navigator.userAgent. Node.js has had `navigator` since version 21; in Node.js 20 (and in runtimes
# at the edge that lack it) reading it is a ReferenceError, which Amplify swallows as it does every
# error of ConfirmDevice. The user is signed in, fetchDevices stays empty, the second factor is
# asked for every time, and the session cannot be refreshed, since Cognito refreshes sessions of
# such pools only on confirmed devices. Whoever signs users in by Amplify on a server should set
# globalThis.navigator = { userAgent: "…" } first.
#
# Seen on Node.js 20, November 2026. Exits with 0 as long as it is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --ignore-scripts --no-audit --no-fund --loglevel=error --save-exact \
  aws-amplify@6.22.1 >/dev/null
cat >try.cjs <<'JS'
const path = require("node:path");
const auth = path.join(__dirname, "node_modules/@aws-amplify/auth/dist/cjs/providers/cognito");
const { getNewDeviceMetadata } = require(path.join(auth, "utils/getNewDeviceMetadata.js"));

let sent = [];
globalThis.fetch = async (url, { body }) => {
  sent.push(JSON.parse(body).DeviceName);
  return new Response("{}", { status: 200 });
};
const confirm = async (navigator) => {
  delete globalThis.navigator;
  if (navigator) globalThis.navigator = navigator;
  sent = [];
  const metadata = await getNewDeviceMetadata({
    userPoolId: "eu-west-1_Example12",
    userPoolEndpoint: "http://127.0.0.1:9",
    newDeviceMetadata: { DeviceKey: "eu-west-1_0b5a6c52", DeviceGroupKey: "-Ab1" },
    accessToken: "TOKEN",
  });
  return { requests: sent, remembers: metadata !== undefined };
};
(async () => {
  const without = await confirm(undefined);
  const withOne = await confirm({ userAgent: "a server" });
  console.log("without navigator:", without);
  console.log("with navigator:", withOne);
  const isSilent = without.requests.length === 0 && !without.remembers;
  process.exit(isSilent && withOne.requests[0] === "a server" && withOne.remembers ? 0 : 1);
})();
JS
node try.cjs
