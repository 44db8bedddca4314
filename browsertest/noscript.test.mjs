// A sign-in in a browser that runs no scripts: every step by links and forms.
// The application and the phones are played here, over the protocol. SERVER is
// the server's address, KEY an API key of an application that is returned to at
// BACK, TRUSTING that of one whose browsers may be trusted; SHOTS, if set, a
// folder for pictures; STORY, a part of the name of the one story to be told.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { barriers, heading, linkOf, open as openPage, patience, press, whole, withBrowser } from "./browser.mjs";
import { ask, authenticator, call, code, everything, handset, key, mailed, server, stands } from "./people.mjs";

const { SHOTS: shots, STORY: only, BACK: back, TRUSTING: trusting } = process.env;
const narrow = { width: 320, height: 640 };

const open = (browser, url, options) => openPage(browser, url, { javaScriptEnabled: false, ...options });
const begin = (user, more = {}) => ask(user, { without_script: true, return_url: back, ...more });

const follow = (page, name) => page.getByRole("link", { name, exact: true }).click();
const line = (page, text) => page.locator("#line", { hasText: text }).waitFor();
const returned = (page) => page.waitForRequest((request) => request.url().startsWith(back), { timeout: patience });

async function type(page, text) {
  await page.locator("#typed").fill(text);
  await page.locator("#send").click();
}

// read looks at the whole page, again where it was renewed meanwhile: many of
// these look by themselves every few seconds.
async function read(page, look) {
  for (;;) {
    await whole(page);
    try {
      return await look();
    } catch (error) {
      if (!/navigati|context was destroyed/.test(error.message)) throw error;
    }
  }
}

// drawn waits for a picture. It looks again from here: timers stand still in a
// page that runs no scripts.
async function drawn(page, picture) {
  const shows = (id) => document.getElementById(id)?.naturalWidth > 0;
  for (const end = Date.now() + patience; !(await read(page, () => page.evaluate(shows, picture))); await pause(50)) {
    assert.ok(Date.now() < end, `${picture} is not drawn`);
  }
}

// unhindered gives what keeps people out of a page. What looks for it needs
// timers, so the same document is shown once more where scripts run.
async function unhindered(page) {
  const [url, body] = [page.url(), await read(page, () => page.content())];
  const context = await page.context().browser().newContext({ viewport: page.viewportSize(), bypassCSP: true });
  const copy = await context.newPage();
  await copy.route(url, (route) => route.fulfill({ contentType: "text/html; charset=utf-8", body }));
  await copy.goto(url);
  const found = await barriers(copy);
  await context.close();
  return found;
}

// fits checks what must hold on every screen: nothing of it keeps anybody out,
// it runs no script, no secret is in its address, and it is no wider than a
// small screen.
async function fits(page, name) {
  if (shots) await page.screenshot({ path: join(shots, `noscript-${name}.png`), fullPage: true });
  assert.deepEqual(await unhindered(page), [], name);
  assert.equal(await read(page, () => page.locator("script").count()), 0, name);
  assert.match(new URL(page.url()).pathname, /^\/(waiting|set-up|recovery|security)\/[\w-]{22,30}(\/[a-z-]+)?$/, name);
  const size = page.viewportSize();
  await page.setViewportSize(narrow);
  const wide = await read(page, () => page.evaluate(() => document.documentElement.scrollWidth));
  assert.ok(wide <= narrow.width, `${name}: ${wide} px wide`);
  if (shots) await page.screenshot({ path: join(shots, `noscript-${name}-320.png`), fullPage: true });
  await page.setViewportSize(size);
}

test("a sign-in without script", { skip: server ? false : "SERVER is not set" }, async (t) => {
  await withBrowser(async (browser) => {
    const story = (name, tell) => t.test(name, { skip: only && !name.includes(only) }, tell);

    await story("a phone approves, and the browser goes back by itself", async () => {
      const { phone } = await everything("push@example.com");
      const asked = await begin("push@example.com");
      const page = await open(browser, asked.waiting_url);
      await heading(page, "Open Countersign on your phone");
      assert.equal(await page.locator("#number").textContent(), asked.number);
      await fits(page, "asking");
      const [request] = await phone.asked();
      await phone.request("POST", `/v1/phone/approvals/${request.id}/seen`);
      await line(page, "Opened on Old phone.");
      const wrong = asked.number === "10" ? "11" : "10";
      await phone.answer(request, "approve", wrong);
      await heading(page, "That number didn’t match");
      await fits(page, "wrong-number");
      const went = returned(page);
      await phone.answer(request, "approve", asked.number);
      await heading(page, "You’re in");
      const query = new URL((await went).url()).searchParams;
      assert.equal(query.get("approval_id"), asked.id);
      const { approval } = await call("POST", `/v1/approvals/${asked.id}/redeem`, key, { result_code: query.get("result_code") });
      assert.equal(approval.method, "push");
      await page.context().close();
    });

    await story("the page keeps still for whoever wants it to", async () => {
      const { phone } = await everything("still@example.com");
      const asked = await begin("still@example.com", { return_url: undefined });
      const page = await open(browser, asked.waiting_url);
      await follow(page, "Stop that");
      await page.getByText("This page stays as it is.").waitFor();
      await fits(page, "still");
      const [request] = await phone.asked();
      await phone.answer(request, "approve", asked.number);
      const before = page.asked.length;
      await pause(2500);
      assert.equal(page.asked.length, before, "it looked by itself");
      await follow(page, "Look now");
      await heading(page, "You’re in");
      await fits(page, "approved-here");
      await page.context().close();
    });

    await story("a code, after one that was wrong", async () => {
      const { setUpKey } = await everything("code@example.com");
      const asked = await begin("code@example.com");
      const page = await open(browser, asked.waiting_url);
      await follow(page, "Use a code");
      await page.getByLabel("Code", { exact: true }).waitFor();
      await fits(page, "code");
      await type(page, " ");
      await page.getByText("Type the code first.").waitFor();
      await type(page, "12345");
      await page.getByText("A code from an app has six digits").waitFor();
      await type(page, "000 000");
      await page.getByText("That code didn’t match.").waitFor();
      assert.equal(await page.locator("#typed").inputValue(), "");
      await fits(page, "code-wrong");
      const [went] = await Promise.all([returned(page), type(page, code(setUpKey))]);
      const query = new URL(went.url()).searchParams;
      const { approval } = await call("POST", `/v1/approvals/${asked.id}/redeem`, key, { result_code: query.get("result_code") });
      assert.equal(approval.method, "totp");
      await page.context().close();
    });

    await story("a recovery code leads to a new phone", async () => {
      const { phone, codes } = await everything("lost@example.com");
      const page = await open(browser, (await begin("lost@example.com")).waiting_url);
      await follow(page, "I have a new phone");
      await page.getByText("Phone lost or broken?").waitFor();
      await fits(page, "no-phone");
      await follow(page, "Use a recovery code");
      await page.getByLabel("Recovery code").waitFor();
      await type(page, codes[0]);
      await heading(page, "You’re in");
      await fits(page, "new-phone");
      await press(page, "Set up my new phone");
      await heading(page, "Your new phone can be added in 24 hours");
      await fits(page, "recovery-waiting");
      const [notice] = await phone.asked();
      await page.locator("#sooner strong").waitFor();
      await phone.answer(notice, "approve", await page.locator("#sooner strong").textContent());
      await heading(page, "Add your new phone");
      await page.getByLabel("Old phone").check();
      await fits(page, "recovery-ready");
      await press(page, "Set up my new phone");
      await heading(page, "Add your phone");
      await drawn(page, "qr");
      await fits(page, "set-up");
      const next = await handset(await linkOf(page), "New phone");
      await heading(page, "Same on your phone?");
      assert.match(await page.locator("#digits").textContent(), /^\d{3} \d{3}$/);
      await fits(page, "digits");
      await press(page, "Yes, it matches");
      await heading(page, "New phone is ready");
      await fits(page, "active");
      await press(page, "Send a test request");
      await page.getByText("Enter this number on New phone, and approve.").waitFor();
      await fits(page, "trial");
      const [trial] = await next.asked();
      await next.answer(trial, "approve", await page.locator("#trial-number").textContent());
      await page.getByText("It works: New phone answered.").waitFor();
      const { phones } = await call("GET", "/v1/people/lost@example.com", key);
      assert.deepEqual(phones.map((p) => p.name), ["New phone"]);
      await page.context().close();
    });

    await story("the first set-up is an authenticator app, and its codes are kept", async () => {
      const { next, set_up_url: url } = await begin("first@example.com");
      assert.equal(next, "enrol");
      const page = await open(browser, url);
      await heading(page, "Add your phone");
      await press(page, "Use an authenticator app instead");
      await heading(page, "Add an authenticator app");
      await drawn(page, "app-qr");
      const setUpKey = await page.locator("#setup-key").textContent();
      await fits(page, "app");
      await type(page, "000000");
      await page.getByText("That code didn’t match.").waitFor();
      await fits(page, "app-wrong");
      await type(page, code(setUpKey));
      await heading(page, "Your app is ready");
      await fits(page, "added");
      await press(page, "Show my recovery codes");
      await heading(page, "Your recovery codes");
      const codes = await page.locator("#codes li").allTextContents();
      assert.equal(codes.length, 10);
      await fits(page, "codes");
      const [download] = await Promise.all([page.waitForEvent("download"), press(page, "Download")]);
      assert.equal(download.suggestedFilename(), "countersign-recovery-codes.txt");
      const kept = await readFile(await download.path(), "utf8");
      assert.deepEqual(kept.trim().split("\n"), ["Countersign recovery codes for first@example.com", "Each works once.", "", ...codes]);
      await press(page, "Done");
      await heading(page, "Your recovery codes"); // not before the box is ticked
      await page.getByLabel("I’ve kept them").check();
      await press(page, "Done");
      await heading(page, "A backup address, if you like");
      await follow(page, "Not now");
      await heading(page, "Three questions only you can answer");
      await follow(page, "Not now");
      await heading(page, "You’re set up");
      await line(page, "You aren’t signed in to");
      await fits(page, "done");
      const [went] = await Promise.all([returned(page), page.locator("#back-to").click().catch(() => {})]);
      assert.equal(went.url(), back); // nothing is added: nobody is signed in by it
      await page.context().close();
    });

    await story("a backup address and three questions are given, and each leads to a new phone", async () => {
      const user = "further@example.com";
      const address = "further@example.org";
      const answers = ["Momo", "Zottel", "Schnurps"];
      const { set_up_url: url } = await call("POST", "/v1/pairings", key, { user, without_script: true });
      let page = await open(browser, url);
      const phone = await handset(await linkOf(page), "Old phone");
      await heading(page, "Same on your phone?");
      await press(page, "Yes, it matches");
      await page.locator("#no-codes").click();
      await page.locator("#no-codes").click();
      await heading(page, "A backup address, if you like");
      await page.getByLabel("Backup email address").fill("nobody");
      await press(page, "Send a code there");
      await page.getByText("That doesn’t look like an address for mail.").waitFor();
      await fits(page, "email");
      await page.getByLabel("Backup email address").fill(address);
      await press(page, "Send a code there");
      await heading(page, "Check your inbox");
      await fits(page, "email-code");
      await type(page, await mailed(address));
      await heading(page, "Three questions only you can answer");
      await press(page, "Keep my answers");
      await page.getByText("Choose a question here first.").waitFor();
      for (const [i, answer] of answers.entries()) {
        await page.locator(`#question-${i}`).selectOption({ index: i + 1 });
        await page.locator(`#answer-${i}`).fill(answer);
      }
      await fits(page, "questions");
      await press(page, "Keep my answers");
      await heading(page, "You’re set up");
      await page.context().close();

      page = await open(browser, (await begin(user, { role: "member" })).waiting_url);
      await follow(page, "I don’t have my phone");
      await fits(page, "ways");
      await page.locator("#way-email").click();
      await heading(page, "Check your inbox");
      await fits(page, "step-email");
      await type(page, await mailed(address));
      await heading(page, "Your new phone can be added in 24 hours");
      const [notice] = await phone.asked();
      await phone.answer(notice, "deny");
      await heading(page, "This was stopped");
      await page.context().close();

      page = await open(browser, (await begin(user, { role: "member" })).waiting_url);
      await follow(page, "I don’t have my phone");
      await follow(page, "Answer my security questions");
      await page.locator("#answer-0").fill(answers[0]);
      await press(page, "Go on");
      await page.getByText("Answer at least two of them.").waitFor();
      await fits(page, "step-questions");
      await page.locator("#answer-0").fill(answers[0]);
      await page.locator("#answer-2").fill(answers[2]);
      await press(page, "Go on");
      await heading(page, "Your new phone can be added in 24 hours");
      await page.context().close();
    });

    await story("a phone is set up at a narrow screen, in German", async () => {
      const { set_up_url: url } = await call("POST", "/v1/pairings", key, { user: "schmal@example.com", without_script: true });
      const page = await open(browser, url, { viewport: narrow, locale: "de-AT" });
      await heading(page, "Fügen Sie Ihr Telefon hinzu");
      await fits(page, "set-up-de");
      await handset(await linkOf(page), "Telefon");
      await page.locator("#digits").waitFor();
      await fits(page, "digits-de");
      await page.locator("#differ").click();
      await page.locator('[data-kind="refused"]').waitFor();
      await fits(page, "refused-de");
      await page.context().close();
    });

    await story("a sign-in is cancelled, disowned, refused or runs out, and each leads back", async () => {
      const { phone } = await everything("ends@example.com");
      const leads = async (page, name) => {
        const [went] = await Promise.all([returned(page), follow(page, name)]);
        assert.equal(new URL(went.url()).searchParams.get("result_code"), null);
        await page.context().close();
      };
      let page = await open(browser, (await begin("ends@example.com")).waiting_url);
      await press(page, "Cancel");
      await heading(page, "Sign-in cancelled");
      await fits(page, "cancelled");
      await leads(page, "Try again");

      page = await open(browser, (await begin("ends@example.com")).waiting_url);
      const [request] = await phone.asked();
      await phone.answer(request, "deny");
      await heading(page, "Sign-in refused");
      await fits(page, "denied");
      await leads(page, "Try again");

      const asked = await begin("ends@example.com", { ttl: 30 });
      page = await open(browser, asked.waiting_url);
      await fits(page, "little-time");
      await press(page, "I need more time");
      await page.getByText("You have more time now.").waitFor();
      await press(page, "This wasn’t me");
      await heading(page, "Sign-in blocked");
      assert.equal((await stands(asked.id)).reason, "reported");
      await fits(page, "disowned");
      await leads(page, "Back");

      page = await open(browser, (await begin("ends@example.com", { ttl: 30 })).waiting_url);
      await page.getByRole("heading", { name: "That took too long" }).waitFor({ timeout: 45_000 });
      await fits(page, "expired");
      const [went] = await Promise.all([returned(page), follow(page, "Use a code")]);
      assert.equal(new URL(went.url()).searchParams.get("result_code"), null);
      await page.goto((await begin("ends@example.com")).waiting_url);
      await page.getByLabel("Code", { exact: true }).waitFor();
      await page.context().close();
    });

    await story("a browser is trusted by a button of its own", async () => {
      const { setUpKey } = await authenticator("trusts@example.com");
      const asked = await call("POST", "/v1/approvals", trusting, { user: "trusts@example.com", without_script: true, return_url: back });
      const page = await open(browser, asked.waiting_url);
      await line(page, "You have no phone that could be asked.");
      await fits(page, "no-phone-to-ask");
      await type(page, code(setUpKey));
      await heading(page, "You’re in");
      await fits(page, "trust");
      const [went] = await Promise.all([returned(page), press(page, "Trust this browser for 30 days")]);
      const result = new URL(went.url()).searchParams.get("result_code");
      const { trusted_browser: trusted } = await call("POST", `/v1/approvals/${asked.id}/redeem`, trusting, { result_code: result });
      assert.ok(trusted.token);
      await page.context().close();
    });

    await story("my sign-in security is seen and changed", async () => {
      const user = "secure@example.com";
      const { phone } = await everything(user);
      const { security_url: url } = await call("POST", "/v1/security-pages", key, { user, return_url: back, without_script: true });
      const page = await open(browser, url);
      await heading(page, "My sign-in security");
      await fits(page, "security");
      await page.locator("summary", { hasText: "Rename" }).click();
      await page.getByLabel("New name for Old phone").fill("Ana’s tablet");
      await press(page, "Save");
      const confirm = async (action) => {
        await line(page, `to confirm: ${action}`);
        const asked = (await phone.asked()).find((a) => JSON.parse(a.display).action === action);
        await phone.answer(asked, "approve", await page.locator("#number").textContent());
      };
      const renaming = "Rename the phone “Old phone” to “Ana’s tablet”";
      await line(page, `to confirm: ${renaming}`);
      await fits(page, "change");
      await confirm(renaming);
      await page.locator("#told", { hasText: "The phone has its new name." }).waitFor();
      assert.equal(new URL(page.url()).search, "");
      await fits(page, "security-told");
      await press(page, "Make new codes");
      await confirm("Make new recovery codes");
      await heading(page, "Your new recovery codes");
      await fits(page, "security-codes");
      await page.goBack();
      await press(page, "Remove Ana’s tablet");
      await press(page, "Cancel");
      await heading(page, "Cancelled");
      await follow(page, "Back to my sign-in security");
      await page.getByText("It wasn’t confirmed, so nothing was changed.").waitFor();
      await page.context().close();
    });

    await story("a backup address and questions are set in my sign-in security, and lead to a new phone", async () => {
      const user = "reserve@example.com";
      const address = "reserve@example.org";
      const { phone } = await everything(user);
      const { security_url: url } = await call("POST", "/v1/security-pages", key, { user, return_url: back, without_script: true });
      const page = await open(browser, url);
      const confirm = async (action) => {
        await line(page, `to confirm: ${action}`);
        const asked = (await phone.asked()).find((a) => JSON.parse(a.display).action === action);
        await phone.answer(asked, "approve", await page.locator("#number").textContent());
      };
      await page.locator("#email-change").click();
      await page.getByLabel("Backup email address").fill("reserve");
      await press(page, "Send a code there");
      await page.getByText("That doesn’t look like an address for mail.").waitFor();
      await fits(page, "security-email");
      await page.getByLabel("Backup email address").fill(address);
      await press(page, "Send a code there");
      await confirm("Use r•••@example.org as backup address");
      await heading(page, "Check your inbox");
      await fits(page, "security-email-code");
      await type(page, "000000");
      await page.getByText("That code didn’t match.").waitFor();
      await type(page, await mailed(address));
      await page.locator("#told", { hasText: "Your backup address is set." }).waitFor();
      await page.locator("#questions-change").click();
      for (const i of [0, 1, 2]) {
        await page.locator(`#question-${i}`).selectOption({ index: i + 1 });
        await page.locator(`#answer-${i}`).fill(["Momo", "Zottel", "Schnurps"][i]);
      }
      await fits(page, "security-questions");
      await press(page, "Keep my answers");
      await confirm("Set new security questions");
      await page.locator("#told", { hasText: "Your answers are kept." }).waitFor();
      await fits(page, "security-further");
      const security = page.url();

      await follow(page, "I have a new phone");
      await fits(page, "security-ways");
      await press(page, "With my backup address");
      await heading(page, "Check your inbox");
      await type(page, await mailed(address));
      await heading(page, "Your new phone can be added in 24 hours");
      await page.goto(security);
      await page.getByRole("heading", { name: "A new phone is under way" }).waitFor();
      await fits(page, "security-under-way");
      await press(page, "Stop it");
      await page.locator("#told", { hasText: "Stopped. No phone was added." }).waitFor();
      await page.context().close();
    });

    await story("a new phone is added by a code from my sign-in security", async () => {
      const user = "renewed@example.com";
      const { setUpKey } = await everything(user);
      const { security_url: url } = await call("POST", "/v1/security-pages", key, { user, return_url: back, without_script: true });
      const page = await open(browser, url);
      await follow(page, "I have a new phone");
      await fits(page, "security-new-phone");
      await press(page, "With a code");
      await type(page, code(setUpKey));
      await heading(page, "Add your phone");
      const next = await handset(await linkOf(page), "New phone");
      assert.ok(next.id);
      await heading(page, "Same on your phone?");
      await press(page, "Yes, it matches");
      await heading(page, "New phone is ready");
      const { phones } = await call("GET", `/v1/people/${user}`, key);
      assert.deepEqual(phones.map((p) => p.name), ["New phone"]);
      await page.context().close();
    });

    await story("a link lets one browser in", async () => {
      await everything("link@example.com");
      const { waiting_url: url } = await begin("link@example.com");
      const page = await open(browser, url);
      await heading(page, "Open Countersign on your phone");
      await page.goto(url); // the same browser comes back to where it was
      await heading(page, "Open Countersign on your phone");
      const other = await open(browser, url);
      await heading(other, "This link lets nobody in any more");
      if (shots) await other.screenshot({ path: join(shots, "noscript-spent.png") });
      assert.deepEqual(await unhindered(other), []);
      await other.goto(page.url().replace(/\?.*/, ""));
      await heading(other, "This browser runs no scripts");
      await Promise.all([page.context().close(), other.context().close()]);
    });

    await story("a link that was made for scripts opens when its address is pasted", async () => {
      await everything("pasted@example.com");
      const { waiting_url: url } = await ask("pasted@example.com", { return_url: back });
      const page = await open(browser, url);
      await heading(page, "This browser runs no scripts");
      assert.equal(await page.locator("h1:visible").count(), 1);
      if (shots) await page.screenshot({ path: join(shots, "noscript-paste.png"), fullPage: true });
      await page.getByLabel("Address of this page").fill(url.replace(/#.*/, ""));
      await press(page, "Open without scripts");
      await heading(page, "That isn’t the whole address");
      await follow(page, "Back to the page");
      await page.getByLabel("Address of this page").fill(page.url().replace(/#.*/, "") + new URL(url).hash);
      await press(page, "Open without scripts");
      await heading(page, "Open Countersign on your phone");
      await fits(page, "pasted");
      await page.context().close();
    });
  });
});
