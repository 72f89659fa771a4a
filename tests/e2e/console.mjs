// The console in a real browser, one scenario a run: node console.mjs SCENARIO, with MUSTER_LINK a one-time link.
//
// Ends with 0 when all was seen that should be, and nothing else: an error on the page's console, an exception or a
// violation of the content security policy fails the run.
import { strict as assert } from "node:assert";
import { chromium } from "playwright-core";
import { identity_scenarios } from "./console_identity.mjs";
import { leaving_scenarios } from "./console_leaving.mjs";

const WITHIN = 20_000;
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const link = process.env.MUSTER_LINK;
const complaints = [];

// A browser of its own: no cookies, and every complaint is kept.
async function visitor(browser, { listen = true } = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1400, height: 900 } });
  context.setDefaultTimeout(WITHIN);
  const page = await context.newPage();
  if (!listen) return page;
  await page.addInitScript(() =>
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`),
    ),
  );
  page.on("console", (said) => said.type() === "error" && complaints.push(said.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  return page;
}

const at = (page, testid) => page.getByTestId(testid);

async function says(locator, text) {
  const wanted = text instanceof RegExp ? text : new RegExp(`^\\s*${text}\\s*$`);
  await locator.filter({ hasText: wanted }).first().waitFor();
}

async function sign_in(browser) {
  const page = await visitor(browser);
  await page.goto(link);
  await at(page, "console").waitFor();
  return page;
}

async function give_reason(page, reason) {
  await at(page, "reason-field").fill(reason);
  await at(page, "confirm").click();
  await at(page, "confirm").waitFor({ state: "detached" });
}

const scenarios = {
  async link_works_once(browser) {
    const page = await sign_in(browser);
    await says(at(page, "fleet-online"), process.env.ONLINE);
    await page.locator('[data-testid="link-state"][data-link="live"]').waitFor();
    assert.ok(!page.url().includes("#"), "the link is gone from the address bar");

    const other = await visitor(browser, { listen: false });
    await other.goto(link);
    await at(other, "signed-out").waitFor();
    await other.goto(new URL("/devices", link).href);
    await at(other, "signed-out").waitFor();

    await page.reload();
    await at(page, "console").waitFor();
    await at(page, "sign-out").click();
    await at(page, "signed-out").waitFor();
  },

  async devices_are_listed_live(browser) {
    const page = await sign_in(browser);
    await at(page, "nav-devices").click();
    const row = page.locator(`[data-testid="device-row"][data-device="${process.env.DEVICE}"]`);
    await says(row, /active.*online/s);
    await row.getByRole("link").click();
    await says(at(page, "metric").first(), /voltage/);
  },

  async rollout_halts(browser) {
    const page = await sign_in(browser);
    await at(page, "nav-rollouts").click();
    await at(page, "start-rollout").click();
    const choice = at(page, "release-choice");
    await choice.locator("option", { hasText: process.env.VERSION }).waitFor({ state: "attached" });
    const release = await choice.locator("option", { hasText: process.env.VERSION }).getAttribute("value");
    await choice.selectOption(release);
    await at(page, "preview").click();
    await says(at(page, "preview-result"), new RegExp(`${process.env.ONLINE} devices`));
    await at(page, "confirm").click();
    await says(at(page, "rollout-state"), /halted|reverted/);
    const waves = at(page, "wave");
    assert.equal(await waves.first().getAttribute("data-state"), "failed");
    assert.equal(await waves.last().getAttribute("data-state"), "waiting");
    await says(at(page, "rollout-reason"), /fail/);
  },

  async isolated_device_is_released(browser) {
    const page = await sign_in(browser);
    await at(page, "nav-incidents").click();
    const row = at(page, "incident-row").filter({ hasText: process.env.DEVICE });
    await row.getByRole("link").first().click();
    await says(at(page, "incident-device-state"), /quarantined/);
    await at(page, "act-release").click();
    await give_reason(page, "looked at, and it is well");
    await says(at(page, "incident-device-state"), /active/);
    await says(at(page, "incident-steps"), /released/);
    await at(page, "act-release").waitFor({ state: "detached" });
  },

  async ledger_is_verified_in_the_browser(browser) {
    const page = await sign_in(browser);
    await at(page, "nav-audit").click();
    await at(page, "verify").click();
    await at(page, "verdict").waitFor();
    assert.equal(await at(page, "verdict").getAttribute("data-sound"), "true");
  },

  ...identity_scenarios({ at, give_reason, says, sign_in }),
  ...leaving_scenarios({ at, give_reason, says, sign_in }),
};

const scenario = scenarios[process.argv[2]];
if (!scenario || !link) {
  console.error(`usage: MUSTER_LINK=URL node console.mjs ${Object.keys(scenarios).join("|")}`);
  process.exit(2);
}
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
try {
  await scenario(browser);
  assert.deepEqual(complaints, [], "the page complained");
} catch (error) {
  console.error(error.message);
  for (const each of complaints) console.error(`page: ${each}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
