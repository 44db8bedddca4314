// What people are told by mail, and "this wasn't me". SERVER is the server's
// address, KEY an API key of an application, MAIL where mails can be read; SHOTS, if
// set, a folder for pictures.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { barriers, heading, open, press, withBrowser } from "./browser.mjs";
import { ask, authenticator, call, everything, key, server } from "./people.mjs";

const { SHOTS: shots, MAIL: mail } = process.env;

// letter waits for the next mail to an address about something.
async function letter(to, subject) {
  const answer = await fetch(`${mail}?${new URLSearchParams({ to, subject })}`);
  assert.equal(answer.status, 200, `no mail to ${to} about ${subject}`);
  return answer.json();
}

const linkIn = ({ text }) => text.split(/\s+/).find((word) => word.startsWith(`${server}/stop/`));

// fits checks what must hold of every screen, on a small one and enlarged twice.
async function fits(page, name) {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  if (shots) await page.screenshot({ path: join(shots, `notice-${name}.png`), fullPage: true });
  assert.deepEqual(await barriers(page), [], name);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is too wide`);
  await page.setViewportSize(size);
}

const locked = async (user) => (await call("GET", `/v1/people/${user}`, key)).push_locked;

const stories = {
  "a letter leads to a page that stops what is under way, by one press and by no look": async (browser) => {
    const user = "nia@example.com";
    await everything(user);
    const link = linkIn(await letter(user, "New phone"));
    const page = await open(browser, link);
    await heading(page, "A phone was added");
    await page.getByText("Old phone", { exact: true }).waitFor();
    assert.ok(!page.url().includes("#"), "the secret stays in the address");
    await page.reload();
    await heading(page, "A phone was added");
    assert.equal(await locked(user), false, "a look has stopped it");
    await fits(page, "open");

    await press(page, "This wasn’t me – stop it");
    await heading(page, "It is stopped");
    assert.equal(await page.evaluate(() => document.activeElement.id), "headline");
    await page.getByText("One set-up that was open was ended.").waitFor();
    await page.getByRole("heading", { name: "What to do now", level: 2 }).waitFor();
    await fits(page, "stopped");
    assert.equal(await locked(user), true);
    assert.equal((await ask(user)).next, "code_only");

    const again = await open(browser, link);
    await heading(again, "It is stopped");
    await letter(user, "Stopped");
  },

  "a link without its secret, with a wrong one and without a server says what to do": async (browser) => {
    const user = "oda@example.com";
    await authenticator(user);
    const link = linkIn(await letter(user, "New authenticator app"));
    const bare = await open(browser, link.split("#")[0]);
    await heading(bare, "Open the link from the mail");
    await fits(bare, "nowhere");
    const wrong = await open(browser, `${link.slice(0, -4)}AAAA`);
    await heading(wrong, "This link doesn’t work");
    await fits(wrong, "lost");

    const cut = await open(browser);
    await cut.route("**/v1/**", (route) => route.abort());
    await cut.goto(link);
    await heading(cut, "The server can’t be reached");
    await fits(cut, "unread");
    await cut.unroute("**/v1/**");
    await press(cut, "Try again");
    await heading(cut, "An authenticator app was added");
    await cut.route("**/v1/**", (route) => route.abort());
    await press(cut, "This wasn’t me – stop it");
    await cut.getByRole("alert").filter({ hasText: "nothing was stopped yet" }).waitFor();
    assert.equal(await locked(user), false);
  },

  "the page speaks the language of its browser, dark and from right to left too": async (browser) => {
    const user = "pia@example.com";
    await authenticator(user);
    const link = linkIn(await letter(user, "New recovery codes"));
    const german = await open(browser, link, { locale: "de-CH", colorScheme: "dark" });
    await heading(german, "Neue Wiederherstellungscodes wurden erstellt");
    await german.evaluate(() => { document.documentElement.dir = "rtl"; });
    await fits(german, "de-dark");
    await press(german, "Das war ich nicht – stoppen");
    await heading(german, "Es ist gestoppt");
    await fits(german, "stopped-de-dark");
    const french = await open(browser, link, { locale: "fr-FR" });
    await heading(french, "C’est arrêté");
    await fits(french, "stopped-fr");
  },

  "a letter keeps nobody out, light or dark, and loads nothing": async (browser) => {
    const user = "quentin@example.com";
    await authenticator(user);
    const { html, subject } = await letter(user, "New authenticator app");
    for (const colorScheme of ["light", "dark"]) {
      const page = await open(browser, "", { colorScheme });
      const asked = [];
      page.on("request", (request) => asked.push(request.url()));
      await page.setContent(html);
      assert.equal(await page.title(), subject);
      await fits(page, `letter-${colorScheme}`);
      assert.deepEqual(asked, []);
    }
  },
};

for (const [name, story] of Object.entries(stories)) {
  test(name, { timeout: 90_000, skip: server ? false : "SERVER is not set" }, () => withBrowser(story));
}
