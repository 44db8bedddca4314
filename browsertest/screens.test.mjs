// The waiting screen and what it leads to, as a person at a computer meets them.
// The application is played here, over the protocol. SERVER is the server's
// address, KEY an API key of an application in which members need no second
// factor; SHOTS, if set, a folder for pictures.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { barriers, withBrowser } from "./browser.mjs";

const { SERVER: server, KEY: key, SHOTS: shots } = process.env;
const patience = 20_000;

async function call(method, path, bearer, body) {
  const answer = await fetch(server + path, {
    method, headers: { Authorization: `Bearer ${bearer}`, ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}

const ask = (user, more = {}) => call("POST", "/v1/approvals", key, { user, ...more });
const stands = (id) => call("GET", `/v1/approvals/${id}`, key);

// code is the TOTP code of a set-up key, steps away from now (RFC 6238).
function code(setUpKey, steps = 0) {
  const bits = [...setUpKey.replace(/ /g, "")].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const secret = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac("sha1", secret).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

// authenticator sets up an authenticator app and recovery codes for user.
async function authenticator(user) {
  const { id, set_up_token: token } = await call("POST", "/v1/pairings", key, { user });
  const { setup_key: setUpKey } = await call("POST", `/v1/pairings/${id}/authenticator`, token);
  await call("POST", `/v1/pairings/${id}/authenticator/confirm`, token, { code: code(setUpKey, -1) });
  const { codes } = await call("POST", `/v1/pairings/${id}/recovery-codes`, token);
  return { setUpKey, codes };
}

async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(String(error)));
  page.on("console", (message) => {
    // Refusals that a test provokes are in the console too.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) page.errors.push(message.text());
  });
  await page.goto(url);
  return page;
}

const heading = (page, name) => page.getByRole("heading", { name, level: 1 });

const line = (page, text) => page.locator("#line", { hasText: text });

async function shot(page, name) {
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

// done checks what must hold on every screen, and leaves it.
async function done(page) {
  assert.deepEqual(await barriers(page), []);
  assert.deepEqual(page.errors, []);
  await page.context().close();
}

test("the screens in a browser", { skip: server ? false : "SERVER is not set" }, async (t) => {
  await withBrowser(async (browser) => {
    await t.test("who need not have a second factor is let in", async () => {
      const asked = await ask("optional@example.com", { role: "member" });
      assert.equal(asked.next, "done");
      const page = await open(browser, asked.waiting_url);
      await heading(page, "You’re in").waitFor();
      await shot(page, "not-required");
      await done(page);
    });

    await t.test("without a phone the screen says so and takes a code", async () => {
      const user = "codes@example.com";
      const { setUpKey } = await authenticator(user);
      const asked = await ask(user);
      const page = await open(browser, asked.waiting_url);
      await line(page, "You have no phone that could be asked.").waitFor();
      assert.equal(await page.getByRole("button", { name: "Use a recovery code" }).isVisible(), true);
      await shot(page, "no-phone");
      await page.locator("#typed").fill(code(setUpKey));
      await page.locator("#send").click();
      await heading(page, "You’re in").waitFor();
      assert.equal((await stands(asked.id)).method, "totp");
      await done(page);
    });
  });
});
