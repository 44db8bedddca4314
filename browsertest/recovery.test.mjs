// Somebody without their phone: what set-up offers for that day, and the ways to
// a new phone from the waiting screen. SERVER is the server's address, KEY an API
// key of an application whose policy takes every way, BACK its return URL, MAIL
// where mails can be read; SHOTS, if set, a folder for pictures; STORY, a part of
// the name of the one story to be told.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { barriers, heading, linkOf, open, press, withBrowser } from "./browser.mjs";
import { ask, call, handset, key, mailed as code, server, stands } from "./people.mjs";

const { SHOTS: shots, STORY: only, BACK: back } = process.env;
const questions = ["first-book", "lost-thing", "family-word"];

const begin = (user, role = "member") => ask(user, { role, return_url: back, ttl: 30 });

const note = (page, text) => page.getByRole("alert").filter({ hasText: text }).waitFor();

const another = (right) => (right === "000000" ? "111111" : "000000");

// fits checks what must hold on every screen: nothing of it keeps anybody out, and
// it is no wider than a small screen, nor than a page enlarged twice.
async function fits(page, name) {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  if (shots) await page.screenshot({ path: join(shots, `recovery-${name}.png`), fullPage: true });
  assert.deepEqual(await barriers(page), [], name);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is too wide`);
  await page.setViewportSize(size);
  if (shots) await page.screenshot({ path: join(shots, `recovery-${name}-wide.png`), fullPage: true });
}

// person is a user with a phone, and with what else is asked for.
async function person(user, { address, answers } = {}) {
  const { id, set_up_token: token } = await call("POST", "/v1/pairings", key, { user });
  const phone = await handset((await call("GET", `/v1/pairings/${id}`, token)).pair_url, "Old phone");
  await call("POST", `/v1/pairings/${id}/confirm`, token, { match: true });
  if (address) {
    await call("POST", `/v1/pairings/${id}/email`, token, { address, language: "en" });
    await call("POST", `/v1/pairings/${id}/email/confirm`, token, { code: await code(address) });
  }
  if (answers) {
    await call("PUT", `/v1/pairings/${id}/questions`, token, { questions: questions.map((question, i) => ({ question, answer: answers[i] })) });
  }
  return phone;
}

// withoutCodes goes on without recovery codes, and is sure of it.
async function withoutCodes(page) {
  const on = page.locator('section:not([hidden]) [data-go="done"], section:not([hidden]) [data-go="sure"]');
  await on.click();
  if (await page.locator('[data-kind="sure"]').count()) await on.click();
}

const stories = {
  "set-up offers a backup address, and takes it by a code": async (browser) => {
    const opened = await call("POST", "/v1/pairings", key, { user: "eva@example.com" });
    const page = await open(browser, opened.set_up_url);
    await heading(page, "Add your phone");
    await handset(await linkOf(page), "Eva’s phone");
    await press(page, "Yes, it matches");
    await heading(page, "Eva’s phone is ready");
    await withoutCodes(page);

    await heading(page, "A backup address, if you like");
    await fits(page, "email");
    const field = page.getByLabel("Backup email address");
    await field.fill("eva");
    await press(page, "Send a code there");
    await note(page, "doesn’t look like an address");
    await fits(page, "email-refused");
    await field.fill("EVA+phone@example.com");
    await press(page, "Send a code there");
    await note(page, "That’s the mailbox you sign in with");
    await field.fill(" eva@example.org ");
    await press(page, "Send a code there");

    await heading(page, "Check your inbox");
    await page.getByText("We’ve sent it to eva@example.org.").waitFor();
    const right = await code("eva@example.org");
    await page.getByLabel("Code from the mail").fill(another(right));
    await press(page, "Confirm");
    await note(page, "That code didn’t match");
    await fits(page, "email-code");
    await page.getByLabel("Code from the mail").fill(`${right.slice(0, 3)} ${right.slice(3)}`);
    await press(page, "Confirm");

    await heading(page, "Three questions only you can answer");
    await fits(page, "questions");
    await press(page, "Keep my answers");
    await note(page, "Choose a question here first");
    for (const [n, question, answer] of [["first", "first-book", "Momo"], ["second", "lost-thing", "my blue scarf"], ["third", "family-word", "Word"]]) {
      await page.locator(`#question-${n}`).selectOption(question);
      await page.locator(`#answer-${n}`).fill(answer);
    }
    await page.getByLabel("What did you lose as a child and miss for a long time?").waitFor();
    assert.ok(!(await page.locator('#question-first option:not([hidden])').allTextContents()).includes("Which word does your family use that nobody else understands?"));
    await press(page, "Keep my answers");
    await note(page, "easy to guess");
    await fits(page, "questions-refused");
    await page.locator("#answer-third").fill("schnuff");
    await press(page, "Keep my answers");
    await heading(page, "You’re set up");
    await fits(page, "done");
  },

  "what set-up offers can be passed over": async (browser) => {
    const opened = await call("POST", "/v1/pairings", key, { user: "fay@example.com" });
    const page = await open(browser, opened.set_up_url, { locale: "de-CH" });
    await handset(await linkOf(page), "Fays Telefon");
    await page.locator("#match").click();
    await page.locator('[data-kind="active"]').waitFor();
    await withoutCodes(page);
    await heading(page, "Eine Ersatzadresse, wenn Sie möchten");
    await fits(page, "email-de");
    await press(page, "Jetzt nicht");
    await heading(page, "Drei Fragen, die nur Sie beantworten können");
    await fits(page, "questions-de");
    await press(page, "Jetzt nicht");
    await page.locator('[data-kind="done"]').waitFor();
  },

  "a code by mail leads to a new phone, also when the sign-in has run out": async (browser) => {
    const phone = await person("ana@example.com", { address: "ana@example.org" });
    const asked = await begin("ana@example.com");
    const page = await open(browser, asked.waiting_url);
    await heading(page, "Open Countersign on your phone");
    await press(page, "I don’t have my phone");
    await fits(page, "ways");
    await press(page, "Send a code to a•••@example.org");
    await heading(page, "Check your inbox");
    await fits(page, "mailed");
    const right = await code("ana@example.org");
    await page.getByLabel("Code from the mail").fill("12");
    await press(page, "Go on");
    await note(page, "Type the six digits from the mail");
    await page.getByLabel("Code from the mail").fill(another(right));
    await press(page, "Go on");
    await note(page, "That code didn’t match");
    await fits(page, "mailed-refused");

    await page.reload(); // as a phone's browser does while its person reads mail
    await heading(page, "Check your inbox");
    while ((await stands(asked.id)).state === "pending") await page.waitForTimeout(500);
    await press(page, "Send another code");
    await note(page, "This sign-in has run out");
    await page.getByLabel("Code from the mail").fill(right);
    await press(page, "Go on");
    await heading(page, /^Your new phone can be added /);
    await page.locator("#line", { hasText: "You showed a code from your backup mailbox" }).waitFor();
    await page.locator("#told", { hasText: "Your phone Old phone was told, and can stop it." }).waitFor();
    await fits(page, "waiting-by-mail");
    assert.equal((await stands(asked.id)).state, "expired");

    const notice = (await phone.asked()).find((a) => JSON.parse(a.display).action === "Add a new phone");
    await phone.answer(notice, "deny");
    await heading(page, "This was stopped");
  },

  "answers lead to a new phone, and the phone that is found ends the wait": async (browser) => {
    const phone = await person("bea@example.com", { answers: ["Momo", "my blue scarf", "schnuff"] });
    const asked = await begin("bea@example.com");
    const page = await open(browser, asked.waiting_url);
    await press(page, "I don’t have my phone");
    assert.equal(await page.locator("#way-email").isVisible(), false);
    await press(page, "Answer my security questions");
    await heading(page, "Answer two of three");
    const first = page.getByLabel("Which was the first book that you read to the end by yourself?");
    await first.fill("MOMO!");
    await fits(page, "answers");
    await press(page, "Go on");
    await note(page, "Answer at least two of them");
    await page.getByLabel("What did you lose as a child and miss for a long time?").fill("a red scarf");
    await press(page, "Go on");
    await note(page, "Too few of these are right");
    await fits(page, "answers-refused");
    await page.getByLabel("Which word does your family use that nobody else understands?").fill("Schnuff");
    await press(page, "Go on");
    await heading(page, /^Your new phone can be added /);
    await page.locator("#line", { hasText: "You answered your security questions" }).waitFor();
    await fits(page, "waiting-by-answers");
    const state = await stands(asked.id);
    assert.deepEqual([state.state, state.reason], ["withdrawn", "recovery"]);

    const number = await page.locator("#sooner strong").textContent();
    const notice = (await phone.asked()).find((a) => JSON.parse(a.display).action === "Add a new phone");
    await phone.answer(notice, "approve", number);
    await heading(page, "Add your new phone");
    assert.equal(await page.getByRole("checkbox", { name: "Old phone" }).isChecked(), true);
    await fits(page, "ready");
    await page.route("**/set-up", (route) => route.abort());
    await press(page, "Set up my new phone");
    await note(page, "That didn’t get through");
    await page.waitForFunction(() => document.activeElement.id === "go"); // once it has asked how it stands
    await page.unroute("**/set-up");
    await press(page, "Set up my new phone");
    await page.waitForURL(/\/set-up\//);
    await handset(await linkOf(page), "New phone");
    assert.equal((await phone.request("GET", "/v1/phone")).status, 200, "the old one stops before the new one starts");
    await press(page, "Yes, it matches");
    await heading(page, "New phone is ready");
    assert.equal((await phone.request("GET", "/v1/phone")).status, 401, "the old one works on");
  },

  "every end of the way says what came of it and what to do": async (browser) => {
    const ends = {
      done: ["Your new phone is added", "Ihr neues Telefon ist hinzugefügt", "Votre nouveau téléphone est ajouté"],
      expired: ["This took too long", "Das hat zu lange gedauert", "Cela a pris trop de temps"],
      refused: ["This was stopped", "Das wurde aufgehalten", "Ceci a été arrêté"],
      later: ["This page knows no new phone", "Diese Seite weiß von keinem neuen Telefon", "Cette page ne connaît pas de nouveau téléphone"],
    };
    for (const [i, locale] of ["en-GB", "de-DE", "fr-FR"].entries()) {
      for (const [state, headlines] of Object.entries(ends)) {
        const page = await open(browser, "", { locale, colorScheme: i === 1 ? "dark" : "light" });
        await page.route("**/v1/recoveries/*", (route) => route.fulfill({ json: {
          id: "x", state, method: "email", user: "ana@example.com", application: "Northwind Books", phones: [], back_to: "https://books.example.com/in",
          server_time: "2026-11-01T10:00:00Z", ready_at: "2026-11-02T10:00:00Z", ends_at: "2026-11-05T10:00:00Z",
        } }));
        await page.goto(`${server}/recovery/AAAAAAAAAAAAAAAAAAAAAA#${"A".repeat(43)}`);
        await heading(page, headlines[i]);
        assert.notEqual(await page.locator("#line").textContent(), "");
        assert.equal(await page.locator("section:not([hidden])").count(), 0, "an end offers what was before");
        const back = page.locator("#back-to");
        assert.equal(await back.isVisible() && await back.getAttribute("href"), state === "later" ? false : "https://books.example.com/in");
        if (i === 2) await page.evaluate(() => { document.documentElement.dir = "rtl"; });
        await fits(page, `end-${state}-${locale}`);
        await page.context().close();
      }
    }
  },

  "an owner is offered mail and no questions": async (browser) => {
    await person("cea@example.com", { address: "cea@example.org", answers: ["Momo", "my blue scarf", "schnuff"] });
    const asked = await begin("cea@example.com", "owner");
    const page = await open(browser, asked.waiting_url, { locale: "fr" });
    await page.locator("#without-phone").click();
    await page.getByRole("button", { name: "Envoyer un code à c•••@example.org" }).waitFor();
    assert.equal(await page.locator("#way-questions").isVisible(), false);
    await fits(page, "ways-fr");
  },

  "a phone that answers meanwhile has the word": async (browser) => {
    const phone = await person("dea@example.com", { address: "dea@example.org" });
    const asked = await begin("dea@example.com");
    const page = await open(browser, asked.waiting_url);
    await press(page, "I don’t have my phone");
    await press(page, "Send a code to d•••@example.org");
    await heading(page, "Check your inbox");
    const [request] = await phone.asked();
    await phone.answer(request, "deny");
    await heading(page, "Sign-in refused");
  },

  "the way back from a step leads to the sign-in, dark and from right to left too": async (browser) => {
    await person("gil@example.com", { address: "gil@example.org", answers: ["Momo", "my blue scarf", "schnuff"] });
    const asked = await begin("gil@example.com");
    const page = await open(browser, asked.waiting_url, { colorScheme: "dark" });
    await press(page, "I don’t have my phone");
    await page.evaluate(() => { document.documentElement.dir = "rtl"; });
    await fits(page, "ways-dark");
    await press(page, "Answer my security questions");
    await page.getByLabel("Which was the first book that you read to the end by yourself?").waitFor();
    await fits(page, "answers-dark");
    await press(page, "Back");
    await heading(page, "Sign in without your phone");
    await page.getByRole("button", { name: "Answer my security questions" }).waitFor();
  },
};

for (const [name, story] of Object.entries(stories)) {
  if (only && !name.includes(only)) continue;
  test(name, { timeout: 90_000, skip: server ? false : "SERVER is not set" }, () => withBrowser(story));
}
