// The phone page as a person meets it: opened by a pairing link, woken by push,
// asked, answering. The application and the computer's browser are played here,
// over the protocol. SERVER is the server's address, KEY an application's API
// key; SHOTS, if set, a folder for pictures; STORY, a part of the name of the
// one story to be told.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { barriers, exactly, open, patience, withBrowser } from "./browser.mjs";

const { SERVER: server, KEY: key, SHOTS: shots, STORY: only } = process.env;
const small = { width: 320, height: 568 };

// call asks the server with a bearer secret.
async function call(method, path, bearer, body) {
  const answer = await fetch(server + path, {
    method, headers: { Authorization: `Bearer ${bearer}`, ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}

const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36";
const context = { ip: "203.0.113.9", location: "Wellington, NZ", user_agent: chrome };

const ask = (user, ttl = 60) => call("POST", "/v1/approvals", key, { user, ttl, context });
const settled = (id) => call("GET", `/v1/approvals/${id}?wait=25s`, key);

// setUp opens a set-up as the application would, and reads it as the computer's
// browser would.
async function setUp(user) {
  const { id, set_up_token: token } = await call("POST", "/v1/pairings", key, { user });
  const read = () => call("GET", `/v1/pairings/${id}`, token);
  return {
    read, link: (await read()).pair_url,
    confirm: (match) => call("POST", `/v1/pairings/${id}/confirm`, token, { match }),
  };
}

// handset is a phone of its own: a browser context with storage of its own.
const handset = (browser, options = {}) => open(browser, "", { viewport: small, hasTouch: true, isMobile: true, ...options });

const heading = (page, name) => page.getByRole("heading", { name, level: 1 });
const tap = (page, name) => page.getByRole("button", { name }).click();

async function toDigits(page, link, name = "Ana’s phone") {
  await page.goto(link);
  await page.getByLabel("Name of this phone").fill(name);
  await tap(page, "Continue");
  const later = page.getByRole("button", { name: "Not now" });
  await later.or(heading(page, "Same on your computer?")).first().waitFor();
  if (await later.isVisible()) await later.click();
  await heading(page, "Same on your computer?").waitFor();
}

async function paired(page, user) {
  const s = await setUp(user);
  await toDigits(page, s.link);
  assert.equal((await page.locator("#digits-six").textContent()).replace(" ", ""), (await s.read()).digits);
  await s.confirm(true);
  await heading(page, "Ready").waitFor();
  await tap(page, "Show my codes");
  await heading(page, "No requests right now").waitFor();
}

async function asked(page, user, ttl) {
  const approval = await ask(user, ttl);
  await heading(page, "Are you signing in to Northwind Books?").waitFor();
  return approval;
}

// look takes a picture, and holds what every screen must: no barrier, nothing
// wider than the phone, and nothing to scroll for where that is asked.
async function look(page, name, { scroll = false } = {}) {
  await page.waitForTimeout(50); // a frame, so that pictures show what is drawn
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) });
  assert.deepEqual(await barriers(page), [], name);
  await page.evaluate(() => document.fonts.ready);
  const over = await page.evaluate(() => ({
    x: document.documentElement.scrollWidth, y: document.documentElement.scrollHeight,
  }));
  const { width, height } = page.viewportSize(); // innerWidth grows with what is too wide
  assert.ok(over.x <= width, `${name} is ${over.x - width} px too wide`);
  if (!scroll) assert.ok(over.y <= height, `${name} is ${over.y - height} px too high`);
}

// deliver hands a push to the page's worker, as the browser's push service would.
async function deliver(page, data) {
  const devtools = await page.context().newCDPSession(page);
  const registration = new Promise((resolve) => {
    devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const found = registrations.find((r) => r.scopeURL === `${server}/phone`);
      if (found) resolve(found.registrationId);
    });
  });
  await devtools.send("ServiceWorker.enable");
  await devtools.send("ServiceWorker.deliverPushMessage", { origin: server, registrationId: await registration, data });
  await devtools.detach();
}

const notifications = (page) => page.evaluate(async () => {
  const registration = await navigator.serviceWorker.getRegistration("/phone");
  return (await registration.getNotifications()).map(({ title, body, tag, data }) => ({ title, body, tag, data }));
});

// notified waits until the notifications on show are those. Chromium lists a new
// one, drops it from the list while it is being drawn, and lists it again.
async function notified(page, wanted) {
  const until = Date.now() + patience;
  let found = await notifications(page);
  while (!isDeepStrictEqual(found, wanted) && Date.now() < until) {
    await page.waitForTimeout(50);
    found = await notifications(page);
  }
  assert.deepEqual(found, wanted);
}

// installed waits until the page's worker keeps what it needs.
const installed = (page) => page.waitForFunction(async () => (await navigator.serviceWorker.getRegistration("/phone"))?.active?.state === "activated");

// overTheWire are the claims of the next answer that the page sends.
async function overTheWire(page) {
  const request = await page.waitForRequest(/\/answer$/);
  return JSON.parse(Buffer.from(request.postDataJSON().answer.split(".")[1], "base64url"));
}

const iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

test("the phone page", { skip: server && key ? false : "SERVER and KEY are not set" }, async (t) => {
  await withBrowser(async (browser) => {
    const story = (name, run) => t.test(name, { timeout: 90_000, skip: Boolean(only) && !name.includes(only) }, run);

    await story("a pairing link becomes a phone: named, compared, ready", async () => {
      const page = await handset(browser);
      const s = await setUp("pia@example.com");
      await page.goto(s.link);
      await heading(page, "What do you call this phone?").waitFor();
      assert.equal(page.url(), `${server}/phone`, "the ticket stays in the address");
      await look(page, "pair-1-name");
      await page.getByLabel("Name of this phone").fill("Pia’s Pixel");
      await tap(page, "Continue");
      await heading(page, "Want to be told when you sign in?").waitFor();
      await look(page, "pair-2-notify");
      await tap(page, "Not now");
      await heading(page, "Same on your computer?").waitFor();
      const browserSide = await s.read();
      assert.equal(await page.locator("#digits-six").textContent(), `${browserSide.digits.slice(0, 3)} ${browserSide.digits.slice(3)}`);
      assert.deepEqual(browserSide.phone, { name: "Pia’s Pixel", platform: "web" });
      await look(page, "pair-3-digits");
      await s.confirm(true);
      await heading(page, "Ready").waitFor();
      await page.getByText("open this page: the request will be here").waitFor();
      await look(page, "pair-4-ready");
      await tap(page, "Show my codes");
      await heading(page, "No requests right now").waitFor();
      await page.locator(".code .digits", { hasText: /^\d{3} \d{3}$/ }).waitFor();
      await look(page, "home");
      assert.deepEqual(page.errors, []);
      await page.context().close();
    });

    await story("the number from the screen approves", async () => {
      const page = await handset(browser);
      await paired(page, "ann@example.com");
      const approval = await asked(page, "ann@example.com");
      for (const text of ["as ann@example.com", "Chrome on Windows", "near Wellington, NZ", "203.0.113.9"]) {
        await page.getByText(text).waitFor();
      }
      assert.equal(await page.evaluate(() => document.activeElement.id), "request-number");
      await look(page, "request");
      await page.getByLabel("Number on the sign-in screen").fill(approval.number);
      const sent = overTheWire(page);
      await tap(page, "Approve");
      await heading(page, "Approved").waitFor();
      await look(page, "approved");
      assert.equal((await sent).uv, undefined, "no screen lock was asked for");
      const after = await settled(approval.id);
      assert.deepEqual([after.state, after.method, after.settled_by], ["approved", "push", "Ana’s phone"]);
      assert.ok(after.phones[0].seen);

      await tap(page, "Done");
      await tap(page, "Last sign-ins");
      await heading(page, "Was this you?").waitFor();
      await page.getByText("approved on this phone").waitFor();
      await look(page, "history");
      await tap(page, "Back");
      await heading(page, "No requests right now").waitFor();
      assert.deepEqual(page.errors, []);
      await page.context().close();
    });

    await story("it wasn’t me: refused, or reported", async () => {
      const page = await handset(browser);
      await paired(page, "bea@example.com");
      const first = await asked(page, "bea@example.com");
      await tap(page, "It wasn’t me");
      await heading(page, "Report it?").waitFor();
      await look(page, "report");
      await tap(page, "Back");
      await heading(page, "Are you signing in to Northwind Books?").waitFor();
      await tap(page, "It wasn’t me");
      await tap(page, "Just refuse");
      await heading(page, "Refused").waitFor();
      assert.deepEqual([(await settled(first.id)).state, (await settled(first.id)).reason], ["denied", "user"]);
      await tap(page, "Done");
      const second = await asked(page, "bea@example.com");
      await tap(page, "It wasn’t me");
      await tap(page, "Report it");
      await heading(page, "Reported").waitFor();
      await look(page, "reported");
      assert.equal((await settled(second.id)).reason, "reported");
      await page.context().close();
    });

    await story("what is no sign-in is named as what it is, when it is refused too", async () => {
      const page = await handset(browser);
      await paired(page, "vera@example.com");
      await call("POST", "/v1/approvals", key, { user: "vera@example.com", context: { action: "Remove the phone “Old Pixel”" } });
      await heading(page, "Northwind Books asks: Remove the phone “Old Pixel”?").waitFor();
      await tap(page, "It wasn’t me");
      await tap(page, "Just refuse");
      await heading(page, "Refused").waitFor();
      await page.locator("#said-line", { hasText: "Remove the phone “Old Pixel”: refused for Northwind Books. Nothing was done." }).waitFor();
      await look(page, "refused-act");
      await page.context().close();
    });

    await story("a call to the help desk shows a number to read out, and can be refused", async () => {
      const page = await handset(browser);
      await paired(page, "cal@example.com");
      const display = JSON.stringify({ application: "Example Ltd", user: "cal@example.com", action: "Help desk is asking", reference: "4713", time: new Date().toISOString() });
      const call = { id: "c".repeat(30), display, nonce: "n0-x", number_digits: 0, user_verification: false };
      let over = false;
      const at = (ms) => new Date(Date.now() + ms).toISOString();
      await page.route("**/v1/phone/approvals*", (route) => route.fulfill({
        json: { server_time: at(0), approvals: over ? [] : [{ ...call, expires_at: at(200_000) }] },
      }));
      await page.reload();
      await heading(page, "Are you calling the help desk of Example Ltd? Read this number out to them.").waitFor();
      await page.getByText("4713", { exact: true }).waitFor();
      assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0);
      await look(page, "help-desk");
      await tap(page, "I am not calling them");
      await heading(page, "Report it?").waitFor();
      await tap(page, "Back");
      over = true;
      await heading(page, "This request is over").waitFor();
      await page.context().close();
    });

    await story("a wrong number is said; the second ends it", async () => {
      const page = await handset(browser);
      await paired(page, "cat@example.com");
      const approval = await asked(page, "cat@example.com");
      const [wrong, another] = ["10", "11", "12"].filter((n) => n !== approval.number);
      const field = page.getByLabel("Number on the sign-in screen");
      await tap(page, "Approve");
      await page.getByText("Type the number from that screen first.").waitFor();
      await field.fill(wrong);
      await tap(page, "Approve");
      await page.getByText("Not that one.").waitFor();
      assert.equal(await field.inputValue(), "");
      await look(page, "wrong-number");
      await field.fill(another);
      await tap(page, "Approve");
      await heading(page, "Stopped").waitFor();
      await look(page, "mismatch");
      assert.equal((await settled(approval.id)).reason, "number_mismatch");
      await page.context().close();
    });

    await story("a request that is over says how, and that nothing is asked", async () => {
      const page = await handset(browser);
      await paired(page, "dot@example.com");
      const first = await asked(page, "dot@example.com");
      await call("POST", `/v1/approvals/${first.id}/cancel`, first.waiting_token);
      await heading(page, "Cancelled").waitFor();
      await look(page, "cancelled");
      await tap(page, "Done");
      const second = await asked(page, "dot@example.com");
      const third = await ask("dot@example.com");
      await heading(page, "There is a newer request").waitFor();
      await look(page, "replaced");
      await tap(page, "Next request");
      await heading(page, "Are you signing in to Northwind Books?").waitFor();
      await page.getByLabel("Number on the sign-in screen").fill(third.number);
      await tap(page, "Approve");
      await heading(page, "Approved").waitFor();
      assert.equal((await settled(second.id)).reason, "replaced");
      await tap(page, "Done");
      const fourth = await asked(page, "dot@example.com");
      await call("POST", `/v1/approvals/${fourth.id}/withdraw`, key);
      await heading(page, "Ended").waitFor();
      await page.goto(`${server}/phone#request=${first.id}`);
      await heading(page, "Cancelled").waitFor();
      assert.equal(page.url(), `${server}/phone`);
      await page.context().close();
    });

    await story("a request runs out on the screen", async () => {
      const page = await handset(browser);
      await paired(page, "eve@example.com");
      const approval = await asked(page, "eve@example.com", 30);
      await page.getByText(/^[12]?[0-9] seconds left$/).waitFor();
      await heading(page, "Out of time").waitFor({ timeout: 40_000 });
      await look(page, "expired");
      assert.equal((await settled(approval.id)).state, "expired");
      await page.context().close();
    });

    await story("two accounts are asked at once, the newest first; another phone answers one", async () => {
      const page = await handset(browser);
      await paired(page, "fay@example.com");
      const before = await asked(page, "fay@example.com");
      await page.getByLabel("Number on the sign-in screen").fill(before.number);
      await tap(page, "Approve");
      await heading(page, "Approved").waitFor();
      // A person who has a phone adds another after a fresh approval alone.
      const { id, set_up_token: token } = await call("POST", "/v1/pairings", key, { user: "fay@example.com", approval_id: before.id });
      const other = await handset(browser);
      await toDigits(other, (await call("GET", `/v1/pairings/${id}`, token)).pair_url, "Old Pixel");
      await call("POST", `/v1/pairings/${id}/confirm`, token, { match: true });
      await heading(other, "Ready").waitFor();
      await tap(other, "Show my codes");
      await paired(page, "gus@example.com");
      await exactly(2, page.locator(".accounts > li"));
      await look(page, "home-two", { scroll: true });

      const fays = await ask("fay@example.com");
      await page.getByText("as fay@example.com").waitFor();
      await page.waitForTimeout(1100); // what is asked within one second has no order
      const guss = await call("POST", "/v1/approvals", key, { user: "gus@example.com", context: { action: "Pay 40 €", reference: "R-7" } });
      await page.getByText("1 of 2").waitFor();
      await look(page, "two");
      await page.reload();
      await heading(page, "Northwind Books asks: Pay 40 €?").waitFor();
      await page.getByLabel("Number on the sign-in screen").fill(guss.number);
      await tap(page, "Approve");
      await heading(page, "Approved").waitFor();
      await page.locator("#said-line", { hasText: "Pay 40 €: approved for Northwind Books." }).waitFor();
      await tap(page, "Next request");
      await page.getByText("as fay@example.com").waitFor();
      await heading(other, "Are you signing in to Northwind Books?").waitFor();
      await other.getByLabel("Number on the sign-in screen").fill(fays.number);
      await tap(other, "Approve");
      await heading(page, "Already answered").waitFor();
      await page.locator("#said-line", { hasText: "It was approved on Old Pixel." }).waitFor();
      await page.context().close();
      await other.context().close();
    });

    await story("a push shows a notification that says nothing, and opens the request", async () => {
      const page = await handset(browser, { permissions: ["notifications"] });
      await paired(page, "hal@example.com");
      await page.getByText("Notifications could not be turned on.").waitFor(); // there is no push service to reach
      await installed(page);
      const desk = await page.context().newPage(); // any page of this server, for the debugger to look from
      await desk.goto(`${server}/waiting/none`);
      await page.close();
      const approval = await ask("hal@example.com");
      await deliver(desk, JSON.stringify({ approval_id: approval.id }));
      await notified(desk, [
        { title: "Sign-in request", body: "Open it to see what is asked.", tag: approval.id, data: { id: approval.id } },
      ]);
      await deliver(desk, "what is not JSON");
      await desk.waitForFunction(async () => (await (await navigator.serviceWorker.getRegistration("/phone")).getNotifications()).length === 2);

      const phone = await desk.context().newPage();
      await phone.goto(`${server}/phone`);
      await heading(phone, "Are you signing in to Northwind Books?").waitFor();
      await phone.waitForFunction(async () => (await (await navigator.serviceWorker.getRegistration("/phone")).getNotifications()).length === 1);
      await tap(phone, "It wasn’t me");
      await tap(phone, "Just refuse");
      await heading(phone, "Refused").waitFor();

      // The tap on a notification, as the browser would hand it to the worker.
      const [worker] = phone.context().serviceWorkers();
      await worker.evaluate(async (id) => {
        await self.registration.showNotification("Sign-in request", { tag: id, data: { id } });
        let notification;
        while (!notification) [notification] = await self.registration.getNotifications({ tag: id });
        self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
      }, approval.id);
      await heading(phone, "Already answered").waitFor();
      await phone.context().close();
    });

    await story("a change is told, looked at and stopped", async () => {
      const page = await handset(browser, { permissions: ["notifications"] });
      await paired(page, "nova@example.com");
      await installed(page);
      const change = {
        id: "n".repeat(22), event: "phone.paired", detail: "Old Pixel", application: "", because: "",
        where: "Firefox on Linux, Lagos, NG, 203.0.113.7", at: new Date(Date.now() + 2000).toISOString(), state: "open",
      };
      const other = { ...change, id: "o".repeat(22), event: "moon.landed", detail: "", because: "asked at the counter", state: "over" };
      let stops = 0;
      await page.context().route("**/v1/phone/notices", (route) => route.fulfill({ json: { notices: [change, other] } }));
      await page.context().route("**/v1/phone/notices/*/stop", (route) => {
        stops++;
        change.state = "stopped";
        return stops === 1 ? route.abort() : route.fulfill({ json: change });
      });
      await page.reload();
      await page.getByText("A phone was added · Old Pixel").waitFor();
      await look(page, "home-change", { scroll: true });
      await tap(page, "Was this you?");
      await heading(page, "A phone was added · Old Pixel").waitFor();
      await page.getByText("Firefox on Linux, Lagos, NG, 203.0.113.7").waitFor();
      await look(page, "change");
      await tap(page, "This was me");
      await heading(page, "No requests right now").waitFor();
      assert.equal(await page.locator("#home-changed").isVisible(), false, "it was looked at");

      const desk = await page.context().newPage(); // any page of this server, for the debugger to look from
      await desk.goto(`${server}/waiting/none`);
      await deliver(desk, JSON.stringify({ notice_id: change.id }));
      await notified(desk, [{
        title: "Your sign-in security changed", body: "Open it to see what, and whether it was you.", tag: change.id, data: { notice: change.id },
      }]);
      await desk.close();
      await page.goto(`${server}/phone#notice=${change.id}`);
      await heading(page, "A phone was added · Old Pixel").waitFor();
      assert.equal(page.url(), `${server}/phone`);
      await tap(page, "It wasn’t me");
      await heading(page, "Stop it?").waitFor();
      await look(page, "stop");
      await tap(page, "This wasn’t me: stop it");
      await page.getByText("That didn’t get through.").waitFor();
      await page.locator("#stop-no").click();
      await heading(page, "A phone was added · Old Pixel").waitFor();
      change.state = "open";
      await page.goto(`${server}/phone`);
      await page.reload();
      await tap(page, "Last sign-ins and changes");
      await heading(page, "Was this you?").waitFor();
      await page.getByText("Your sign-in security changed").waitFor();
      await look(page, "history-changes", { scroll: true });
      await page.locator("#history-list").getByRole("button", { name: "It wasn’t me" }).click();
      await tap(page, "This wasn’t me: stop it");
      await heading(page, "Stopped").waitFor();
      await look(page, "halted");
      assert.equal(stops, 2);
      await tap(page, "Done");
      await tap(page, "Last sign-ins and changes");
      await page.getByText("stopped", { exact: true }).waitFor();
      await page.goto(`${server}/phone#notice=${"x".repeat(22)}`); // one that is no more
      await heading(page, "Was this you?").waitFor();
      await page.context().close();
    });

    await story("a phone that is added is told on the one before it, and said to be nobody’s", async () => {
      const page = await handset(browser);
      await paired(page, "opal@example.com");
      const before = await asked(page, "opal@example.com");
      await page.getByLabel("Number on the sign-in screen").fill(before.number);
      await tap(page, "Approve");
      await heading(page, "Approved").waitFor();
      const { id, set_up_token: token } = await call("POST", "/v1/pairings", key, { user: "opal@example.com", approval_id: before.id });
      const other = await handset(browser);
      await toDigits(other, (await call("GET", `/v1/pairings/${id}`, token)).pair_url, "Old Pixel");
      await call("POST", `/v1/pairings/${id}/confirm`, token, { match: true });
      await heading(other, "Ready").waitFor();
      await other.reload();
      await heading(other, "No requests right now").waitFor();
      await page.reload();
      await page.getByText("A phone was added · Old Pixel").waitFor();
      assert.equal(await other.locator("#home-changed").isVisible(), false, "the phone is told of itself");
      await tap(page, "Was this you?");
      await tap(page, "It wasn’t me");
      await tap(page, "This wasn’t me: stop it");
      await heading(page, "Stopped").waitFor();
      assert.equal((await call("GET", "/v1/people/opal@example.com", key)).push_locked, true);
      await page.context().close();
      await other.context().close();
    });

    await story("codes come without a network, and let in", async () => {
      const page = await handset(browser);
      await paired(page, "ida@example.com");
      await installed(page);
      await page.context().setOffline(true);
      await page.reload();
      await page.getByText("You are offline. Your codes still work.").waitFor();
      const digits = page.locator(".code .digits", { hasText: /^\d{3} \d{3}$/ });
      await digits.waitFor();
      await look(page, "offline");
      const code = await digits.textContent();
      await page.context().setOffline(false);
      const approval = await ask("ida@example.com");
      const { state, method } = await call("POST", `/v1/approvals/${approval.id}/code`, approval.waiting_token, { code });
      assert.deepEqual([state, method], ["approved", "totp"]);
      await page.context().close();
    });

    await story("an answer that did not get through is not lost", async () => {
      const page = await handset(browser);
      await paired(page, "joy@example.com");
      const approval = await asked(page, "joy@example.com");
      await page.getByLabel("Number on the sign-in screen").fill(approval.number);
      await page.context().setOffline(true);
      await tap(page, "Approve");
      await page.getByText("That didn’t get through.").waitFor();
      assert.equal(await page.getByLabel("Number on the sign-in screen").inputValue(), approval.number);
      await page.context().setOffline(false);
      await tap(page, "Approve");
      await heading(page, "Approved").waitFor();
      await page.context().close();
    });

    await story("no key comes out, and nothing secret lies about", async () => {
      const page = await handset(browser);
      const s = await setUp("kim@example.com");
      await toDigits(page, s.link);
      await s.confirm(true);
      await heading(page, "Ready").waitFor();
      const found = await page.evaluate(async () => {
        const read = (request) => new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
        const db = await read(indexedDB.open("countersign"));
        const [account] = await read(db.transaction("accounts").objectStore("accounts").getAll());
        const seal = await read(db.transaction("facts").objectStore("facts").get("seal"));
        const refused = async (format, k) => crypto.subtle.exportKey(format, k).then(() => "exported", (err) => err.name);
        return {
          keys: [account.privateKey.extractable, account.privateKey.type, seal.extractable],
          exports: [await refused("jwk", account.privateKey), await refused("pkcs8", account.privateKey), await refused("raw", seal)],
          decrypt: seal.usages,
          account: JSON.stringify(account),
          box: account.totp.box.byteLength,
          local: localStorage.length, session: sessionStorage.length, address: location.href,
        };
      });
      assert.deepEqual(found.keys, [false, "private", false]);
      assert.deepEqual(found.exports, ["InvalidAccessError", "InvalidAccessError", "InvalidAccessError"]);
      assert.deepEqual(found.decrypt.sort(), ["encrypt", "unwrapKey"]);
      assert.ok(found.box > 16);
      assert.ok(!found.account.includes(s.link.split("#")[1]), "the ticket was kept");
      assert.deepEqual([found.local, found.session, found.address], [0, 0, `${server}/phone`]);
      const cookies = await page.context().cookies(`${server}/phone`);
      assert.deepEqual(cookies.map(({ name, value, sameSite }) => [name, value, sameSite]), [["countersign-phone", "1", "Strict"]]);
      await page.context().close();
    });

    await story("no text becomes markup or a script", async () => {
      const page = await handset(browser);
      await page.goto(`${server}/phone`);
      await heading(page, "Let’s make this your sign-in phone").waitFor();
      const refused = await page.evaluate(() => {
        const outcome = (action) => { try { action(); return "allowed"; } catch (err) { return err.name; } };
        return [
          outcome(() => { document.body.innerHTML = "<b>x</b>"; }),
          outcome(() => { document.createElement("script").src = "/phone/worker.js"; }),
          outcome(() => trustedTypes.createPolicy("another", {})),
          outcome(() => trustedTypes.createPolicy("countersign-worker", {})),
        ];
      });
      assert.deepEqual(refused, ["TypeError", "TypeError", "TypeError", "TypeError"]);
      await page.context().close();
    });

    await story("notifications that are refused, missing or failing leave a phone that works", async () => {
      for (const [name, options, prepare, sentence] of [
        ["denied", {}, (page) => page.addInitScript(() => { Notification.requestPermission = async () => "denied"; }), "Notifications are blocked for this page."],
        ["unsupported", {}, (page) => page.addInitScript(() => { delete globalThis.PushManager; }), "This browser has no notifications."],
        ["failed", { permissions: ["notifications"] }, () => {}, "Notifications could not be turned on just now."],
      ]) {
        const page = await handset(browser, options);
        await prepare(page);
        const user = `lee-${name}@example.com`;
        const s = await setUp(user);
        await page.goto(s.link);
        await tap(page, "Continue");
        const on = page.getByRole("button", { name: "Turn on requests" });
        await on.or(heading(page, "Same on your computer?")).first().waitFor();
        if (await on.isVisible()) await on.click();
        await heading(page, "Same on your computer?").waitFor();
        await s.confirm(true);
        await page.getByText(sentence).waitFor();
        await look(page, `ready-${name}`);
        await tap(page, "Show my codes");
        await asked(page, user);
        await page.context().close();
      }
    });

    await story("a subscription goes along with the pairing, and one that the server refuses stops nothing", async () => {
      const page = await handset(browser, { permissions: ["notifications"] });
      await page.addInitScript(() => {
        PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => ({
          toJSON: () => ({ endpoint: `https://push.example.com/${applicationServerKey.length}/${userVisibleOnly}`, keys: { p256dh: "BEMfdIfqKSXLPeUAvWU2lBBLyJvRf1LFmAh1eq0g7sHcLLV0zGVlLkxyZWgOAZmqQPQKlCWe8x4eCxLmVjJ3VTc", auth: "AAAAAAAAAAAAAAAAAAAAAA" } }),
        });
      });
      const bodies = [];
      page.on("request", (request) => { if (request.url() === `${server}/v1/pair`) bodies.push(request.postDataJSON()); });
      const s = await setUp("max@example.com");
      await toDigits(page, s.link);
      assert.deepEqual(bodies.map((b) => b.push?.endpoint), ["https://push.example.com/65/true", undefined]);
      await s.confirm(true);
      await page.getByText("Notifications could not be turned on just now.").waitFor();
      await page.context().close();
    });

    await story("a phone that may be woken says so, and tells the server when it no longer may", async () => {
      const page = await handset(browser, { permissions: ["notifications"] });
      await page.addInitScript(() => {
        PushManager.prototype.subscribe = async () => ({ toJSON: () => ({ endpoint: "https://push.example.com/a", keys: { p256dh: "p", auth: "a" } }) });
      });
      // The server takes the endpoints of real services alone: this one does not reach it.
      await page.route("**/v1/pair", (route) => route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), push: undefined }) }));
      const told = [];
      await page.route("**/v1/phone/push", (route) => {
        told.push(route.request().postDataJSON());
        return route.continue();
      });
      const s = await setUp("mia@example.com");
      await toDigits(page, s.link);
      await s.confirm(true);
      await page.getByText("When you sign in, a notification brings you to the request.").waitFor();
      await tap(page, "Show my codes");
      assert.equal(await page.locator("#home-troubles").isVisible(), false);
      assert.deepEqual(told, []);
      await page.addInitScript(() => Object.defineProperty(Notification, "permission", { value: "denied" }));
      await page.reload();
      await page.getByText("Notifications are blocked.").waitFor();
      for (const end = Date.now() + patience; told.length === 0 && Date.now() < end;) await page.waitForTimeout(50);
      assert.deepEqual(told, [{ service: "none" }]);
      await page.context().close();
    });

    await story("a browser that keeps nothing is told so", async () => {
      const page = await handset(browser);
      await page.addInitScript(() => { IDBFactory.prototype.open = () => { throw new DOMException("no", "SecurityError"); }; });
      const s = await setUp("ned@example.com");
      await page.goto(s.link);
      await heading(page, "This browser can’t keep keys").waitFor();
      await look(page, "broken");
      assert.equal((await s.read()).state, "open");
      assert.equal(page.url(), `${server}/phone`, "the ticket stays in the address");
      await page.context().close();
    });

    await story("an iPhone is led to its home screen before the link is spent", async () => {
      const page = await handset(browser, { userAgent: iphone, permissions: ["clipboard-read", "clipboard-write"] });
      const s = await setUp("nia@example.com");
      await page.goto(s.link);
      await heading(page, "First, put it on your home screen").waitFor();
      await look(page, "iphone");
      await tap(page, "Copy my link");
      await page.getByText("Copied.").waitFor();
      assert.equal((await s.read()).state, "open");

      // As it stands on the home screen: storage of its own, and installed.
      const home = await handset(browser, { userAgent: iphone, permissions: ["clipboard-read", "clipboard-write"] });
      await home.addInitScript(() => { Object.defineProperty(navigator, "standalone", { value: true }); });
      await home.goto(`${server}/phone`);
      await heading(home, "Let’s make this your sign-in phone").waitFor();
      await look(home, "welcome");
      await tap(home, "Enter it by hand");
      await home.getByLabel("Link from the set-up page").fill("https://other.example.com/pair#cwbYsW8wWke6lSsId96Bqo_uryJv9Y2ntKOmGnHDeBc");
      await tap(home, "Add this phone");
      await home.getByText("That link belongs to other.example.com.").waitFor();
      await look(home, "welcome-elsewhere", { scroll: true });
      await home.reload();
      await home.bringToFront();
      await tap(home, "Paste my link");
      await heading(home, "What do you call this phone?").waitFor();
      assert.equal(await home.getByLabel("Name of this phone").inputValue(), "My iPhone");
      await home.context().close();

      await tap(page, "Go on here without it");
      await heading(page, "What do you call this phone?").waitFor();
      await page.context().close();
    });

    await story("a link works once, and digits that differ end it", async () => {
      const first = await handset(browser);
      const s = await setUp("oda@example.com");
      await toDigits(first, s.link);
      const second = await handset(browser);
      await second.goto(s.link);
      await second.getByLabel("Name of this phone").fill("A stranger’s");
      await tap(second, "Continue");
      await second.getByRole("button", { name: "Not now" }).click();
      await heading(second, "This link no longer works").waitFor();
      await look(second, "void");
      await first.reload(); // the digits are still there
      await heading(first, "Same on your computer?").waitFor();
      assert.equal((await first.locator("#digits-six").textContent()).replace(" ", ""), (await s.read()).digits);
      await s.confirm(false);
      await heading(first, "This phone was not added").waitFor();
      await look(first, "refused");
      await first.context().close();
      await second.context().close();
    });

    await story("a phone is renamed and removed", async () => {
      const page = await handset(browser);
      await paired(page, "pat@example.com");
      await tap(page, "Settings for pat@example.com");
      await heading(page, "This phone").waitFor();
      await look(page, "settings");
      await page.getByLabel("Its name").fill("Pat’s new name");
      await tap(page, "Save the name");
      await page.getByText("Saved.").waitFor();
      assert.equal((await call("GET", "/v1/people/pat@example.com", key)).phones[0].name, "Pat’s new name");
      await tap(page, "Remove this phone");
      await page.getByRole("heading", { name: "Remove this phone?" }).waitFor();
      await look(page, "remove");
      await tap(page, "Yes, remove it");
      await heading(page, "Removed").waitFor();
      await tap(page, "Done");
      await heading(page, "Let’s make this your sign-in phone").waitFor();
      assert.equal((await call("GET", "/v1/people/pat@example.com", key)).phones.length, 0);
      await page.reload();
      await heading(page, "Let’s make this your sign-in phone").waitFor();
      await page.context().close();
    });

    await story("a new phone is let in by the old one, which is then gone", async () => {
      const old = await handset(browser);
      await paired(old, "quin@example.com");
      await tap(old, "Settings for quin@example.com");
      const answer = old.waitForResponse((r) => r.url() === `${server}/v1/phone/pairings`);
      await tap(old, "Move to a new phone");
      await heading(old, "Scan this with your new phone").waitFor();
      const { pair_url: link } = await (await answer).json();
      await old.getByAltText("QR code of the link for your new phone").waitFor();
      await look(old, "move", { scroll: true });
      const next = await handset(browser);
      await toDigits(next, link, "New phone");
      await heading(old, "Same on your new phone?").waitFor();
      assert.equal(await old.locator("#move-six").textContent(), await next.locator("#digits-six").textContent());
      await look(old, "move-compare");
      await tap(old, "Yes, move to it");
      await heading(old, "Moved").waitFor();
      await heading(next, "Ready").waitFor();
      assert.deepEqual((await call("GET", "/v1/people/quin@example.com", key)).phones.map((p) => p.name), ["New phone"]);
      await tap(old, "Done");
      await heading(old, "Let’s make this your sign-in phone").waitFor();
      await old.context().close();
      await next.context().close();
    });

    await story("the screen lock is asked where it is on, and the server told", async () => {
      const page = await handset(browser);
      const devtools = await page.context().newCDPSession(page);
      await devtools.send("WebAuthn.enable");
      const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
        options: { protocol: "ctap2", transport: "internal", hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
      });
      await paired(page, "roy@example.com");
      await tap(page, "Settings for roy@example.com");
      await page.locator("#settings-locked").check();
      await page.waitForFunction(() => document.querySelector("#settings-locked").checked);
      await look(page, "settings-lock", { scroll: true });
      const approval = await asked(page, "roy@example.com");
      await page.getByLabel("Number on the sign-in screen").fill(approval.number);
      await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
      await tap(page, "Approve");
      await page.getByText("Your screen lock wasn’t opened").waitFor();
      await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
      const sent = overTheWire(page);
      await tap(page, "Approve");
      await heading(page, "Approved").waitFor();
      assert.equal((await sent).uv, true);
      await page.context().close();
    });

    await story("an application that wants the screen lock gets it turned on", async () => {
      const page = await handset(browser);
      const devtools = await page.context().newCDPSession(page);
      await devtools.send("WebAuthn.enable");
      await devtools.send("WebAuthn.addVirtualAuthenticator", {
        options: { protocol: "ctap2", transport: "internal", hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
      });
      await paired(page, "ron@example.com");
      await page.route("**/answer", (route) => route.fulfill({
        status: 403, contentType: "application/problem+json",
        body: JSON.stringify({ type: "urn:countersign:problem:user-verification-needed", title: "lock", status: 403, detail: "unlock" }),
      }), { times: 1 });
      const approval = await asked(page, "ron@example.com");
      await page.getByLabel("Number on the sign-in screen").fill(approval.number);
      await tap(page, "Approve");
      await page.getByText("This application wants your screen lock.").waitFor();
      await tap(page, "Ask for my screen lock when I approve");
      await page.getByText("This application wants your screen lock.").waitFor({ state: "hidden" });
      const sent = overTheWire(page);
      await tap(page, "Approve");
      await heading(page, "Approved").waitFor();
      assert.equal((await sent).uv, true);
      await page.context().close();
    });

    await story("a clock an hour slow is said, and stops nothing", async () => {
      const page = await handset(browser);
      await page.addInitScript(() => {
        const real = Date.now.bind(Date);
        Date.now = () => real() - 3_600_000;
      });
      await paired(page, "sue@example.com");
      await page.getByText("This phone’s clock is 60 minutes slow.").waitFor();
      await look(page, "clock", { scroll: true });
      const code = await page.locator(".code .digits", { hasText: /^\d{3} \d{3}$/ }).textContent();
      const approval = await asked(page, "sue@example.com");
      await page.getByText("just now").waitFor();
      const { state } = await call("POST", `/v1/approvals/${approval.id}/code`, approval.waiting_token, { code });
      assert.equal(state, "approved");
      await heading(page, "Already done").waitFor();
      await page.context().close();
    });

    await story("a phone that was removed elsewhere says so", async () => {
      const page = await handset(browser);
      await paired(page, "tom@example.com");
      await page.route("**/v1/phone/approvals*", (route) => route.fulfill({
        status: 401, contentType: "application/problem+json",
        body: JSON.stringify({ type: "urn:countersign:problem:phone-unknown", title: "unknown", status: 401, detail: "pair again" }),
      }));
      await page.reload();
      await page.getByText(/This phone was removed for tom@example\.com, as we learnt on /).waitFor();
      assert.equal(await page.locator(".code").count(), 0, "its codes are shown still");
      await look(page, "removed", { scroll: true });
      await tap(page, "Clear it away");
      await heading(page, "Let’s make this your sign-in phone").waitFor();
      await page.context().close();
    });

    await story("a phone whose storage was cleared says so", async () => {
      const page = await handset(browser);
      await paired(page, "uma@example.com");
      const devtools = await page.context().newCDPSession(page);
      await devtools.send("Storage.clearDataForOrigin", { origin: server, storageTypes: "indexeddb,cache_storage,service_workers" });
      await page.reload();
      await heading(page, "This phone has to be set up again").waitFor();
      await look(page, "cleared");
      await page.context().close();
    });

    await story("what is unusual is said above the field", async () => {
      const page = await handset(browser);
      await paired(page, "val@example.com");
      const usual = await asked(page, "val@example.com");
      assert.equal(await page.locator("#request-warnings").isVisible(), false);
      await page.getByLabel("Number on the sign-in screen").fill(usual.number);
      await tap(page, "Approve");
      await heading(page, "Approved").waitFor();
      await tap(page, "Done");
      await call("POST", "/v1/approvals", key, { user: "val@example.com", context: { ...context, location: "Lagos, NG", user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" } });
      await page.getByText("You haven’t signed in with this browser, or from this place, lately.").waitFor();
      await look(page, "warnings");
      await page.context().close();
    });

    await story("dark, twice the text, right to left, German and French", async () => {
      for (const [name, options, prepare] of [
        ["dark", { colorScheme: "dark" }],
        ["large-text", {}, (page) => page.addInitScript(() => addEventListener("DOMContentLoaded", () => { document.documentElement.style.fontSize = "200%"; }))],
        ["right-to-left", {}, (page) => page.route("**/words/en.json", async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, json: { ...await response.json(), direction: "rtl" } });
        })],
      ]) {
        const page = await handset(browser, { serviceWorkers: "block", ...options });
        await prepare?.(page);
        const user = `win-${name}@example.com`;
        await paired(page, user);
        await look(page, `${name}-home`, { scroll: true });
        await tap(page, `Settings for ${user}`);
        await look(page, `${name}-settings`, { scroll: true });
        await asked(page, user);
        await look(page, `${name}-request`, { scroll: name === "large-text" });
        await tap(page, "It wasn’t me");
        await look(page, `${name}-report`, { scroll: name === "large-text" });
        await page.context().close();
      }
      for (const [locale, language, headline, approve, no] of [
        ["de-DE", "de", "Melden Sie sich bei Northwind Books an?", "Zustimmen", "Das war ich nicht"],
        ["fr-CA", "fr", "Vous connectez-vous à Northwind Books ?", "Approuver", "Ce n’était pas moi"],
      ]) {
        const page = await handset(browser, { locale });
        const s = await setUp(`win-${language}@example.com`);
        await page.goto(s.link);
        await page.locator("#name-go").click();
        await page.locator("#notify-later").click();
        await page.locator("#digits").waitFor();
        await look(page, `${language}-digits`);
        await s.confirm(true);
        await page.locator("#ready-go").click();
        assert.equal(await page.locator("html").getAttribute("lang"), language);
        await look(page, `${language}-home`, { scroll: true });
        await ask(`win-${language}@example.com`);
        await heading(page, headline).waitFor();
        await page.getByRole("button", { name: approve }).waitFor();
        await look(page, `${language}-request`);
        await tap(page, no);
        await look(page, `${language}-report`, { scroll: true });
        await page.context().close();
      }
    });

    await story("the first load is small, and nothing is fetched from elsewhere", async () => {
      const page = await handset(browser, { serviceWorkers: "block" });
      const devtools = await page.context().newCDPSession(page);
      let bytes = 0;
      const addresses = [];
      await devtools.send("Network.enable");
      devtools.on("Network.responseReceived", ({ response }) => addresses.push(response.url));
      devtools.on("Network.loadingFinished", ({ encodedDataLength }) => { bytes += encodedDataLength; });
      await page.goto(`${server}/phone`, { waitUntil: "networkidle" });
      assert.ok(addresses.length > 40, `${addresses.length} answers`);
      assert.deepEqual(addresses.filter((a) => !a.startsWith(`${server}/`)), []);
      t.diagnostic(`${bytes} bytes with their headers, in ${addresses.length} answers`);
      await page.context().close();
    });
  });
});
