// My sign-in security, as a person at a computer meets it. The application and
// the phones are played here, over the protocol. SERVER is the server's address,
// KEY an API key of an application that is returned to at http://localhost:9,
// whose browsers may be trusted for 30 days and whose policy takes every way to a
// new phone; MAIL is where mails can be read; SHOTS, if set, a folder for pictures;
// STORY, a part of the name of the one story to be told.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { barriers, exactly, heading, open, press, withBrowser } from "./browser.mjs";
import { ask, authenticator, call, code, everything, handset, key, mailed, server } from "./people.mjs";

const { SHOTS: shots, STORY: only } = process.env;
const back = "http://localhost:9/signed-in";
const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

const opened = (user) => call("POST", "/v1/security-pages", key, { user, return_url: back });
const has = (user) => call("GET", `/v1/people/${user}`, key);

// security opens the page of a user who has a phone, an app and codes.
async function security(browser, user, options) {
  const has = await everything(user);
  const page = await open(browser, (await opened(user)).security_url, options);
  await heading(page, "My sign-in security");
  return { page, ...has };
}

const told = (page, text) => page.locator("#told", { hasText: text }).waitFor();
const refused = (page, text) => page.locator("#trouble", { hasText: text }).waitFor();
const part = (page, name) => page.getByRole("region", { name });

// confirm has a phone approve what the waiting screen of page asks for.
async function confirm(page, phone, action) {
  await page.waitForURL(/\/waiting\//);
  await page.locator("#number").waitFor();
  const number = await page.locator("#number").textContent();
  await page.locator("#line", { hasText: `to confirm: ${action}` }).waitFor();
  const asked = (await phone.asked()).find((a) => JSON.parse(a.display).action === action);
  assert.ok(asked, `the phone is not asked: ${action}`);
  assert.equal((await phone.answer(asked, "approve", number)).status, 200);
}

// fresh is a sign-in that phone has just approved.
async function fresh(user, phone) {
  const { id, number } = await ask(user);
  const asked = (await phone.asked()).find((a) => a.id === id);
  assert.equal((await phone.answer(asked, "approve", number)).status, 200);
  return id;
}

// focused is what a keyboard acts on now, by its name.
const focused = (page) => page.evaluate(() => document.activeElement.ariaLabel ?? document.activeElement.textContent.trim().slice(0, 40));

async function byCode(page, typed, recovery = false) {
  await page.waitForURL(/\/waiting\//);
  await page.locator("#typed").waitFor();
  if (recovery) await press(page, "Use a recovery code");
  await page.locator("#typed").fill(typed);
  await page.locator("#send").click();
}

// fits checks what must hold on every screen: nothing of it keeps anybody out,
// no secret is in its address, and it is no wider than a small screen, in both
// directions.
async function fits(page, name) {
  if (shots) await page.screenshot({ path: join(shots, `security-${name}.png`), fullPage: true });
  assert.deepEqual(await barriers(page), [], name);
  assert.equal(page.url().includes("#"), false, `${name}: the secret stays in the address`);
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  for (const direction of ["rtl", "ltr"]) {
    await page.evaluate((dir) => { document.documentElement.dir = dir; }, direction);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 320, `${name}: ${wide} px wide (${direction})`);
    if (shots) await page.screenshot({ path: join(shots, `security-${name}-320-${direction}.png`), fullPage: true });
  }
  await page.setViewportSize(size);
}

async function leave(page) {
  assert.deepEqual(page.errors, []);
  await page.context().close();
}

test("my sign-in security in a browser", { skip: server ? false : "SERVER is not set" }, async (t) => {
  await withBrowser(async (browser) => {
    const story = (name, tell) => t.test(name, { skip: only && !name.includes(only) }, tell);

    await story("the page shows what there is, in every light", async () => {
      const user = "ana@example.com";
      for (const colorScheme of ["light", "dark"]) {
        const url = (colorScheme === "light" ? await security(browser, user).then(({ page }) => leave(page)) : null, (await opened(user)).security_url);
        const page = await open(browser, url, { colorScheme });
        await heading(page, "My sign-in security");
        await part(page, "Phones").getByText("Old phone").waitFor();
        await part(page, "Phones").getByText("Silent: it shows a request only once you open it").waitFor();
        await part(page, "Authenticator apps").getByText("Authenticator app", { exact: true }).waitFor();
        await part(page, "Recovery codes").getByText("10 codes are left.").waitFor();
        await part(page, "Trusted browsers").getByText("None. You are asked at every sign-in to books.").waitFor();
        await part(page, "Recent sign-ins").getByText("None yet.").waitFor();
        assert.equal(await page.getByRole("link", { name: "Back to books" }).getAttribute("href"), back);
        await fits(page, `overview-${colorScheme}`);
        await leave(page);
      }
    });

    await story("a phone is renamed, and the old one confirms it", async () => {
      const { page, phone } = await security(browser, "rename@example.com");
      await press(page, "Rename Old phone");
      const name = page.getByLabel("New name for Old phone");
      await name.fill(" ");
      await press(page, "Save");
      await page.getByText("Give it a name first.").waitFor();
      await fits(page, "rename");
      await name.fill("Ana’s tablet");
      await name.press("Enter");
      await page.waitForURL(/\/waiting\//);
      await confirm(page, phone, "Rename the phone “Old phone” to “Ana’s tablet”");
      await told(page, "The phone has its new name.");
      assert.equal(page.url().includes("?"), false, "what confirmed it stays in the address");
      await part(page, "Phones").getByText("Ana’s tablet").waitFor();
      await part(page, "Recent sign-ins").getByText("books · Rename the phone").waitFor();
      await fits(page, "renamed");
      await page.reload();
      await heading(page, "My sign-in security");
      assert.equal(await page.locator("#told").isVisible(), false);
      await leave(page);
    });

    await story("what was confirmed is done once the server can be reached, and nothing is offered before", async () => {
      const user = "cut@example.com";
      const { page, phone } = await security(browser, user);
      await press(page, "Rename Old phone");
      await page.getByLabel("New name for Old phone").fill("Ana’s tablet");
      await press(page, "Save");
      await page.waitForURL(/\/waiting\//);
      await page.route("**/v1/security-pages/**", (route) => route.abort());
      await confirm(page, phone, "Rename the phone “Old phone” to “Ana’s tablet”");
      await heading(page, "The server can’t be reached");
      await page.unroute("**/v1/security-pages/**");
      let goOn;
      const held = new Promise((resolve) => { goOn = resolve; });
      await page.route("**/carry-out", async (route) => { await held; await route.continue(); });
      const asked = page.waitForRequest("**/carry-out");
      await press(page, "Try again");
      await asked;
      await heading(page, "One moment");
      assert.equal(await page.getByRole("button", { name: "I have a new phone" }).isVisible(), false);
      goOn();
      await told(page, "The phone has its new name.");
      await part(page, "Phones").getByText("Ana’s tablet").waitFor();
      await leave(page);
    });

    await story("what the phone refuses is not done", async () => {
      const user = "refused@example.com";
      const { page, phone } = await security(browser, user);
      await press(page, "Make new codes");
      await page.waitForURL(/\/waiting\//);
      await page.locator("#number").waitFor();
      await fits(page, "waiting");
      const [asked] = await phone.asked();
      assert.equal((await phone.answer(asked, "deny")).status, 200);
      await heading(page, "Refused");
      await fits(page, "waiting-refused");
      await press(page, "Back to my sign-in security");
      await heading(page, "My sign-in security");
      await refused(page, "It wasn’t confirmed, so nothing was changed.");
      await fits(page, "unconfirmed");
      assert.equal((await has(user)).recovery_codes_left, 10);
      await leave(page);
    });

    await story("the last way in stays", async () => {
      const user = "last@example.com";
      const { id, set_up_token: token } = await call("POST", "/v1/pairings", key, { user });
      await handset((await call("GET", `/v1/pairings/${id}`, token)).pair_url, "Only phone");
      await call("POST", `/v1/pairings/${id}/confirm`, token, { match: true });
      const page = await open(browser, (await opened(user)).security_url);
      await press(page, "Remove Only phone");
      await refused(page, "That is your last way in.");
      assert.equal(await focused(page), "Remove Only phone", "a keyboard has to begin at the top");
      await part(page, "Authenticator apps").getByText("None. An app gives you codes").waitFor();
      await part(page, "Recovery codes").getByText("None are left.").waitFor();
      await fits(page, "last-way-in");
      await leave(page);
    });

    await story("earlier sign-ins are shown, and a keyboard goes on at the first of them", async () => {
      const user = "many@example.com";
      await everything(user);
      for (let n = 0; n < 7; n++) await call("POST", `/v1/approvals/${(await ask(user)).id}/withdraw`, key);
      const page = await open(browser, (await opened(user)).security_url);
      const shown = part(page, "Recent sign-ins").getByRole("listitem");
      await exactly(5, shown);
      await press(page, "Show earlier ones");
      await shown.nth(6).waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.closest("li")?.matches(":nth-child(6)")), true);
      await fits(page, "earlier");
      await leave(page);
    });

    await story("a phone is removed by a code of the app, and is gone at once", async () => {
      const user = "gone@example.com";
      const { page, phone, setUpKey } = await security(browser, user);
      await press(page, "Remove Old phone");
      await page.waitForURL(/\/waiting\//);
      await press(page, "Use a code");
      await byCode(page, code(setUpKey));
      await told(page, "The phone is removed.");
      assert.equal((await phone.request("GET", "/v1/phone")).status, 401);
      await part(page, "Phones").getByText("None yet.").waitFor();
      await fits(page, "removed");
      await leave(page);
    });

    await story("a new phone takes the old one’s place, confirmed by the old one", async () => {
      const user = "replace@example.com";
      const { page, phone } = await security(browser, user);
      await press(page, "I have a new phone");
      await heading(page, "Your new phone");
      assert.equal(await page.getByRole("radio", { name: "Old phone" }).isChecked(), true);
      await fits(page, "new-phone");
      await press(page, "On a phone that I have here");
      await confirm(page, phone, "Add a new phone in place of “Old phone”");
      await page.waitForURL(/\/set-up\//);
      await handset(await page.getByRole("link", { name: "Open the link here" }).getAttribute("href"), "New phone");
      assert.equal((await phone.request("GET", "/v1/phone")).status, 200, "the old one stops before the new one starts");
      await press(page, "Yes, it matches");
      await heading(page, "New phone is ready");
      await fits(page, "phone-added");
      assert.deepEqual((await has(user)).phones.map((p) => p.name), ["New phone"]);
      assert.equal((await phone.request("GET", "/v1/phone")).status, 401);
      await leave(page);
    });

    await story("a new phone takes the place of all that there are", async () => {
      const user = "all@example.com";
      const { page, phone } = await security(browser, user);
      const added = await call("POST", "/v1/pairings", key, { user, approval_id: await fresh(user, phone) });
      const tablet = await handset((await call("GET", `/v1/pairings/${added.id}`, added.set_up_token)).pair_url, "Old tablet");
      await call("POST", `/v1/pairings/${added.id}/confirm`, added.set_up_token, { match: true });
      await page.reload();
      await press(page, "I have a new phone");
      await page.getByRole("radio", { name: "Old tablet" }).waitFor();
      await page.getByRole("radio", { name: "All of them" }).check();
      await fits(page, "new-phone-all");
      await press(page, "On a phone that I have here");
      await confirm(page, tablet, "Add a new phone in place of all others");
      await page.waitForURL(/\/set-up\//);
      await handset(await page.getByRole("link", { name: "Open the link here" }).getAttribute("href"), "New phone");
      await press(page, "Yes, it matches");
      await heading(page, "New phone is ready");
      assert.deepEqual((await has(user)).phones.map((p) => p.name), ["New phone"]);
      for (const old of [phone, tablet]) assert.equal((await old.request("GET", "/v1/phone")).status, 401);
      await leave(page);
    });

    await story("a recovery code lets a new phone in after a wait, of which every phone is told", async () => {
      const user = "paper@example.com";
      const { page, phone, codes } = await security(browser, user);
      await press(page, "I have a new phone");
      await page.getByText("A recovery code adds it after 24 hours").waitFor();
      await page.getByLabel("None, I keep them all").check();
      await press(page, "With a code");
      await byCode(page, codes[0], true);
      await page.waitForURL(/\/recovery\//);
      await page.getByRole("heading", { name: /^Your new phone can be added / }).waitFor();
      const [notice] = await phone.asked();
      assert.equal(JSON.parse(notice.display).action, "Add a new phone");

      // The person, or whoever it was, is seen and stopped without a phone.
      const other = await open(browser, (await opened(user)).security_url);
      await part(other, "A new phone is under way").getByText("Begun with a recovery code").waitFor();
      await fits(other, "recovery");
      await press(other, "Stop it");
      await told(other, "Stopped. No phone was added.");
      await page.getByRole("heading", { name: "This was stopped" }).waitFor();
      assert.deepEqual(await phone.asked(), []);
      await leave(other);
      await leave(page);
    });

    await story("recovery codes are renewed, and shown once", async () => {
      const user = "codes@example.com";
      const { page, phone, codes } = await security(browser, user);
      await press(page, "Make new codes");
      await confirm(page, phone, "Make new recovery codes");
      await heading(page, "Your new recovery codes");
      await exactly(10, page.locator("#codes li"));
      const fresh = await page.locator("#codes li").allTextContents();
      assert.equal(await page.getByRole("button", { name: "Done", exact: true }).isEnabled(), false);
      await fits(page, "new-codes");
      const [file] = await Promise.all([page.waitForEvent("download"), press(page, "Download")]);
      assert.equal(file.suggestedFilename(), "countersign-recovery-codes.txt");
      await page.getByLabel("I’ve kept them").check();
      await press(page, "Done");
      await heading(page, "My sign-in security");
      assert.equal((await page.content()).includes(fresh[0]), false, "the codes stay on the page");
      const asked = await ask(user);
      await assert.rejects(call("POST", `/v1/approvals/${asked.id}/code`, asked.waiting_token, { code: codes[0] }), /code-wrong/);
      await call("POST", `/v1/approvals/${asked.id}/code`, asked.waiting_token, { code: fresh[0] });
      await leave(page);
    });

    await story("an app is added without a phone’s link, and removed", async () => {
      const user = "app@example.com";
      const { page, phone } = await security(browser, user);
      let made = 0; // a second key voids the first, which may have been scanned
      await page.route("**/authenticator", async (route) => {
        made += 1;
        const response = await route.fetch();
        await pause(500); // the page hears of it before it has the key
        await route.fulfill({ response });
      });
      await press(page, "Add an authenticator app");
      await confirm(page, phone, "Add an authenticator app");
      await page.waitForURL(/\/set-up\//);
      await heading(page, "Add an authenticator app");
      const setUpKey = await page.locator("#setup-key").textContent();
      await page.getByLabel("Code from the app").fill(code(setUpKey));
      await press(page, "Confirm");
      await heading(page, "Your app is ready");
      assert.equal(made, 1);
      await fits(page, "app-added");
      await page.getByRole("link", { name: "Back to my sign-in security" }).click();
      await heading(page, "My sign-in security");
      const again = await open(browser, (await opened(user)).security_url);
      const apps = part(again, "Authenticator apps");
      await apps.getByRole("listitem").nth(1).waitFor();
      await apps.getByRole("button", { name: /^Remove/ }).first().click();
      await again.waitForURL(/\/waiting\//);
      await again.locator("#number").waitFor();
      const [asked] = await phone.asked();
      assert.match(JSON.parse(asked.display).action, /^Remove the authenticator app added on \d{4}-\d{2}-\d{2}$/);
      await phone.answer(asked, "approve", await again.locator("#number").textContent());
      await told(again, "The app is removed.");
      await exactly(1, apps.getByRole("listitem"));
      await leave(again);
      await leave(page);
    });

    await story("a backup address is set once a phone and its mailbox said so, and removed", async () => {
      const { page, phone } = await security(browser, "mailbox@example.com");
      const mine = part(page, "Backup address");
      await mine.getByText("None. We’d write there").waitFor();
      await press(page, "Add one");
      await heading(page, "Your backup address");
      const field = page.getByLabel("Backup email address");
      await field.fill("mailbox@example.com");
      await press(page, "Send a code there");
      await page.getByText("That’s the mailbox you sign in with.").waitFor();
      await fits(page, "email");
      await field.fill("spare@example.org");
      await press(page, "Send a code there");
      await confirm(page, phone, "Use s•••@example.org as backup address");
      await heading(page, "Check your inbox");
      await page.getByText("We’ve sent it to s•••@example.org.").waitFor();
      await page.getByLabel("Code from the mail").fill("12");
      await press(page, "Confirm");
      await page.getByText("Type the six digits from the mail.").waitFor();
      await fits(page, "email-code");
      await page.getByLabel("Code from the mail").fill(await mailed("spare@example.org"));
      await press(page, "Confirm");
      await told(page, "Your backup address is set.");
      await mine.getByText("s•••@example.org.").waitFor();
      await fits(page, "email-set");
      await mine.getByRole("button", { name: "Remove it" }).click();
      await confirm(page, phone, "Remove the backup address s•••@example.org");
      await told(page, "The backup address is removed.");
      await mine.getByText("None. We’d write there").waitFor();
      await leave(page);
    });

    await story("a backup address leads to a new phone after a wait, when the old one is lost", async () => {
      const { page, phone } = await security(browser, "lost@example.com");
      await press(page, "Add one");
      await page.getByLabel("Backup email address").fill("lost@example.org");
      await press(page, "Send a code there");
      await confirm(page, phone, "Use l•••@example.org as backup address");
      await page.getByLabel("Code from the mail").fill(await mailed("lost@example.org"));
      await press(page, "Confirm");
      await told(page, "Your backup address is set.");
      await press(page, "I have a new phone");
      await page.getByText("We send a code to l•••@example.org.").waitFor();
      await fits(page, "new-phone-mail");
      await press(page, "With my backup address");
      await heading(page, "Check your inbox");
      await fits(page, "waiting-mail");
      await page.getByLabel("Code from the mail").fill(await mailed("lost@example.org"));
      await press(page, "Go on");
      await page.waitForURL(/\/recovery\//);
      await page.getByRole("heading", { name: /^Your new phone can be added / }).waitFor();
      assert.equal((await phone.asked()).length, 1, "the phone is not told");
      await leave(page);
    });

    await story("security questions are answered, and removed", async () => {
      const { page, phone } = await security(browser, "answers@example.com");
      const mine = part(page, "Security questions");
      await mine.getByText("None are answered.").waitFor();
      await press(page, "Answer three");
      await heading(page, "Three questions only you can answer");
      await press(page, "Keep my answers");
      await page.getByText("Choose a question here first.").waitFor();
      await fits(page, "questions");
      for (const [i, answer] of ["Momo", "A red kite", "Skates"].entries()) {
        await page.getByLabel("Question", { exact: true }).nth(i).selectOption({ index: i + 1 });
        await page.locator("#questions-form input").nth(i).fill(answer);
      }
      await press(page, "Keep my answers");
      await confirm(page, phone, "Set new security questions");
      await told(page, "Your answers are kept.");
      await mine.getByText("Three are answered.").waitFor();
      assert.equal((await page.content()).includes("red kite"), false, "the answers stay on the page");
      await mine.getByRole("button", { name: "Remove them" }).click();
      await confirm(page, phone, "Remove the security questions");
      await told(page, "The security questions are removed.");
      await leave(page);
    });

    await story("browsers are trusted no more at once", async () => {
      const user = "trust@example.com";
      const { page, phone } = await security(browser, user);
      for (const n of [0, 1]) {
        const asked = await ask(user, { return_url: back, context: { user_agent: chrome, location: "Wellington, NZ", ip: "203.0.113.9" } });
        const [request] = await phone.asked();
        assert.equal((await phone.answer(request, "approve", asked.number)).status, 200, String(n));
        const stream = `/v1/approvals/${asked.id}`;
        await call("POST", `${stream}/trust`, asked.waiting_token);
        const { return_to: to } = await call("GET", `${stream}/stream`, asked.waiting_token);
        await call("POST", `${stream}/redeem`, key, { result_code: new URL(to).searchParams.get("result_code") });
      }
      await page.reload();
      const trusted = part(page, "Trusted browsers");
      await trusted.getByRole("listitem").nth(1).waitFor();
      await part(page, "Recent sign-ins").getByText("Wellington, NZ").first().waitFor();
      await page.getByText("Something here wasn’t you?").click();
      await page.getByText("Change your password for books.").waitFor();
      await fits(page, "trusted");
      await trusted.getByRole("button", { name: "Stop trusting Chrome on Windows" }).first().click();
      await told(page, "That browser will be asked again.");
      await exactly(1, trusted.getByRole("listitem"));
      await leave(page);
    });

    await story("after a report the page says who has to look", async () => {
      const user = "locked@example.com";
      const { page, phone } = await security(browser, user);
      await ask(user);
      const [request] = await phone.asked();
      await phone.answer(request, "report");
      await page.reload();
      await page.getByText("Nothing can be added or removed here until your administrator has looked.").waitFor();
      assert.equal(await page.getByRole("button", { name: "I have a new phone" }).isEnabled(), false);
      await fits(page, "locked");
      await leave(page);
    });

    await story("who has only an app confirms by its code", async () => {
      const user = "phoneless@example.com";
      const { setUpKey } = await authenticator(user);
      const page = await open(browser, (await opened(user)).security_url);
      await press(page, "I have a new phone");
      assert.equal(await page.locator("#which").isVisible(), false);
      assert.equal(await page.getByRole("button", { name: "On a phone that I have here" }).isVisible(), false);
      await fits(page, "new-phone-by-code");
      await press(page, "With a code");
      await byCode(page, code(setUpKey));
      await page.waitForURL(/\/set-up\//);
      await heading(page, "Add your phone");
      await leave(page);
    });

    await story("closed, without its secret, and offline, the page says what to do", async () => {
      const closed = await opened("ana@example.com");
      const page = await open(browser, closed.security_url.replace(/.$/, (last) => (last === "A" ? "B" : "A")), { viewport: { width: 320, height: 568 }, colorScheme: "dark" });
      await heading(page, "This page is closed");
      await fits(page, "closed");
      await page.goto(`${server}/security/AAAAAAAAAAAAAAAAAAAAAA`);
      await heading(page, "Open this from your application");
      await fits(page, "nowhere");
      await page.route("**/v1/security-pages/**", (route) => route.abort());
      await page.goto((await opened("ana@example.com")).security_url);
      await heading(page, "The server can’t be reached");
      await fits(page, "offline");
      await page.unroute("**/v1/security-pages/**");
      await press(page, "Try again");
      await heading(page, "My sign-in security");
      await leave(page);
    });

    await story("it speaks German and French", async () => {
      for (const [locale, title, button] of [["de-DE", "Meine Anmeldesicherheit", "Ich habe ein neues Telefon"], ["fr-FR", "La sécurité de ma connexion", "J’ai un nouveau téléphone"]]) {
        const page = await open(browser, (await opened("ana@example.com")).security_url, { locale, viewport: { width: 320, height: 700 } });
        await heading(page, title);
        await fits(page, `overview-${locale}`);
        await press(page, button);
        await fits(page, `new-phone-${locale}`);
        await leave(page);
      }
    });

    await story("it is used by the keyboard alone", async () => {
      const { page } = await security(browser, "keys@example.com");
      const focused = () => page.evaluate(() => document.activeElement?.textContent.trim());
      const reach = async (name) => {
        for (let n = 0; n < 40 && (await focused()) !== name; n += 1) await page.keyboard.press("Tab");
        assert.equal(await focused(), name);
      };
      await reach("Rename");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Escape");
      assert.equal(await focused(), "Rename");
      await page.keyboard.press("Shift+Tab");
      assert.equal(await focused(), "I have a new phone");
      await page.keyboard.press("Enter");
      assert.equal(await focused(), "Your new phone");
      await reach("Back");
      await page.keyboard.press("Enter");
      assert.equal(await focused(), "My sign-in security");
      await leave(page);
    });
  });
});
