// Applications that use the Duo libraries for Node, as they come: the Universal
// Prompt through a whole browser, and the Auth API in both signatures. HOST is
// where the server is, CA its authority, CLIENT and SECRET an integration's;
// STUB is the simulated phone's program and PHONE its file; SHOP_PORT is free.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { test } from "node:test";
import { promisify } from "node:util";
import { Client as UniversalClient } from "@duosecurity/duo_universal";
import { barriers, withBrowser } from "./browser.mjs";

const require = createRequire(import.meta.url);
const https = require("node:https");
const duoAPI = require("@duosecurity/duo_api");
const { HOST: host, CLIENT: clientId, SECRET: clientSecret, CA: caFile, STUB: stub, PHONE: phoneFile, SHOP_PORT: shopPort } = process.env;
const ca = caFile && readFileSync(caFile);
const patience = 20_000;

// phone runs a word of the simulated phone.
const phone = (word, ...args) => promisify(execFile)(stub, [word, "-file", phoneFile, "-ca", caFile, ...args], { timeout: patience });

// withShop runs a small application in front of its library: /sign-in sends the
// browser away, /in takes it back.
async function withShop(use) {
  const shop = { seen: [] };
  const server = http.createServer((request, response) => {
    shop.serve(new URL(request.url, shop.url)).then(
      ({ to, text }) => response.writeHead(to ? 302 : 200, to ? { location: to } : { "content-type": "text/plain" }).end(text),
      (error) => { shop.seen.push(String(error)); response.writeHead(500).end(String(error)); },
    );
  });
  await new Promise((ready) => server.listen(shopPort, "127.0.0.1", ready));
  shop.url = `http://localhost:${shopPort}`;
  const redirectUrl = `${shop.url}/in`;
  // The library trusts its own authorities alone: this is the one line more.
  const client = new UniversalClient({ clientId, clientSecret, apiHost: host, redirectUrl });
  client.axios.defaults.httpsAgent = new https.Agent({ ca });
  const states = new Set();
  shop.client = client;
  shop.serve = async (url) => {
    if (url.pathname === "/sign-in") {
      await client.healthCheck();
      const state = client.generateState();
      states.add(state);
      return { to: await client.createAuthUrl("ana", state) };
    }
    if (url.pathname !== "/in") return { text: "nothing here" };
    const code = url.searchParams.get("duo_code");
    assert.ok(states.delete(url.searchParams.get("state")), "an unknown state came back");
    shop.code = code;
    shop.identity = await client.exchangeAuthorizationCodeFor2FAResult(code, "ana");
    return { text: `Welcome ${shop.identity.preferred_username}` };
  };
  try {
    return await use(shop);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function enter(browser, shop) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  await page.goto(`${shop.url}/sign-in`);
  await page.waitForURL(/\/waiting\//);
  const number = page.locator("#number", { hasText: /^\s*[1-9][0-9]\s*$/ });
  await number.waitFor();
  return { page, id: new URL(page.url()).pathname.split("/").pop(), number: (await number.textContent()).trim() };
}

test("the Universal Prompt in a browser", { skip: host ? false : "HOST is not set" }, async (t) => {
  await withShop((shop) => withBrowser(async (browser) => {
    await t.test("approving on the phone signs in, once", async () => {
      const { page, id, number } = await enter(browser, shop);
      assert.deepEqual(await barriers(page), []);
      await phone("approve", "-number", number, id);
      await page.getByText("Welcome ana").waitFor();
      assert.equal(shop.identity.auth_result.result, "allow");
      assert.equal(shop.identity.auth_context.factor, "push");
      await assert.rejects(shop.client.exchangeAuthorizationCodeFor2FAResult(shop.code, "ana"));
      await page.context().close();
    });

    await t.test("a code of the phone signs in too", async () => {
      const { page } = await enter(browser, shop);
      const { stdout } = await phone("code");
      const code = /[0-9]{3} ?[0-9]{3}/.exec(stdout)[0];
      await page.getByRole("button", { name: "Use a code" }).click();
      await page.locator("#typed").fill(code);
      await page.locator("#send").click();
      await page.getByText("Welcome ana").waitFor();
      assert.equal(shop.identity.auth_context.factor, "passcode");
      await page.context().close();
    });

    await t.test("denying on the phone leaves the browser where it is", async () => {
      const { page, id } = await enter(browser, shop);
      await phone("deny", id);
      await page.getByRole("heading", { name: "Sign-in refused" }).waitFor();
      assert.match(page.url(), /\/waiting\//);
      await page.context().close();
    });
    assert.deepEqual(shop.seen, []);
  }));
});

test("the Auth API in both signatures", { skip: host ? false : "HOST is not set" }, async (t) => {
  // The library takes no port and no authority: its requests are led to both.
  const { request } = https;
  const port = host.split(":")[1];
  https.request = (options, done) => request({ ...options, host: "localhost", port, ca }, done);
  t.after(() => { https.request = request; });
  for (const version of [duoAPI.SIGNATURE_VERSION_2, duoAPI.SIGNATURE_VERSION_5]) {
    const client = new duoAPI.Client(clientId, clientSecret, host, version);
    const call = (...args) => new Promise((resolve) => client.jsonApiCall(...args, resolve));
    await t.test(`version ${version}`, async () => {
      assert.equal((await call("GET", "/auth/v2/check", {})).stat, "OK");
      const may = await call("POST", "/auth/v2/preauth", { username: "ana" });
      assert.equal(may.response.result, "auth");
      const { txid } = (await call("POST", "/auth/v2/auth", { username: "ana", factor: "push", device: "auto", async: "1", pushinfo: "what=zoë's & *(all)!" })).response;
      const waits = (await call("GET", "/auth/v2/auth_status", { txid })).response;
      assert.equal(waits.result, "waiting");
      const number = / ([1-9][0-9]) there/.exec(waits.status_msg)[1];
      await phone("approve", "-number", number, txid);
      assert.equal((await call("GET", "/auth/v2/auth_status", { txid })).response.result, "allow");
      assert.equal((await call("POST", "/auth/v2/preauth", {})).code, 40001);
    });
  }
});
