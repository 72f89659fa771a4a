// The console's screens of retirement and of the CA's rollover, for console.mjs.
import { strict as assert } from "node:assert";

const phase = (page, name) =>
  page.locator(`[data-testid="rollover-phase"][data-phase="${name}"]`).waitFor();

export const leaving_scenarios = ({ at, give_reason, says, sign_in }) => ({
  async device_is_retired(browser) {
    const { DEVICE } = process.env;
    const page = await sign_in(browser);
    await page.goto(new URL(`/devices/${DEVICE}`, page.url()).href);
    await at(page, "act-retire").click();
    await at(page, "confirm-field").fill(DEVICE);
    await give_reason(page, "replaced");
    await says(at(page, "device-state"), /retired/);
    await says(at(page, "sanitisation"), /clear|purge/);
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download" }).click(),
    ]);
    assert.equal(file.suggestedFilename(), `${DEVICE}.sanitisation.json`);
    assert.equal(await at(page, "act-retire").count(), 0, "nobody retires twice");
  },

  async retirement_is_asked_for(browser) {
    const page = await sign_in(browser);
    await at(page, "nav-retirements").click();
    await at(page, "start-retirement").click();
    await at(page, "devices-field").fill(process.env.DEVICES);
    await at(page, "selector-field").fill("all");
    await at(page, "reason-field").fill("replaced");
    assert.ok(await at(page, "confirm").isDisabled(), "named or chosen, not both");
    await at(page, "selector-field").fill("");
    await at(page, "confirm").click();
    await says(at(page, "retirement-state"), /waiting/);
    assert.ok(await at(page, "act-approve").isDisabled(), "another operator has to approve it");
  },

  async retirement_is_approved(browser) {
    const page = await sign_in(browser);
    await at(page, "nav-retirements").click();
    const row = page.locator('[data-testid="retirement-row"][data-state="waiting"]');
    await row.getByRole("link").first().click();
    await at(page, "act-approve").click();
    await at(page, "confirm").click();
    await says(at(page, "retirement-state"), /running|done/);
    await page.locator('[data-testid="case-row"][data-step="unsanitised"]').first().waitFor();
    await says(at(page, "retirement-progress"), /never said that they are wiped/);
  },

  async device_that_never_said_so_was_destroyed(browser) {
    const { DEVICE } = process.env;
    const page = await sign_in(browser);
    await page.goto(new URL(`/devices/${DEVICE}`, page.url()).href);
    await says(at(page, "device-state"), /revoked-unsanitised/);
    await at(page, "act-destroyed").click();
    await at(page, "confirm-field").fill(DEVICE);
    await give_reason(page, "shredded at the depot, two witnesses");
    await says(at(page, "device-state"), /retired/);
    await says(at(page, "sanitisation"), /destroy.*shredded at the depot/s);
  },

  async ca_rollover_is_aborted_and_another_refused(browser) {
    const page = await sign_in(browser);
    await at(page, "nav-ca").click();
    await phase(page, "none");
    for (const role of ["issuing", "root"]) await page.locator(`[data-testid="ca-row"][data-role="${role}"]`).waitFor();

    await at(page, "act-begin").click();
    await give_reason(page, "a first try");
    await phase(page, "distributing");
    await page.locator('[data-testid="ca-row"][data-role="cross"]').first().waitFor();
    await says(at(page, "waiting-for"), new RegExp(process.env.DEVICE));
    await at(page, "act-abort").click();
    await give_reason(page, "only a try");
    await phase(page, "none");
    await page.locator('[data-testid="ca-row"][data-role="cross"]').first().waitFor({ state: "detached" });

    await at(page, "act-begin").click();
    await give_reason(page, "another try");
    await says(at(page, "rollover-refused"), /at most every/);
    await phase(page, "none");
  },

  async ca_rolls_over(browser) {
    const page = await sign_in(browser);
    await at(page, "nav-ca").click();
    await at(page, "act-begin").click();
    await give_reason(page, "the key is old");
    await phase(page, "distributing");
    await at(page, "act-switch").click();
    await says(page.getByRole("dialog"), /1 device lacks the new root/);
    await give_reason(page, "it lacks it by intent");
    await phase(page, "switched");
    assert.ok(await at(page, "act-finish").isDisabled(), "nobody is locked out");

    await page.goto(new URL(`/devices/${process.env.DEVICE}`, page.url()).href);
    await at(page, "act-revoke-all").click();
    await give_reason(page, "it is gone");
    await at(page, "nav-ca").click();
    await page.locator('[data-testid="act-finish"]:enabled').click();
    await give_reason(page, "all have it");
    await phase(page, "none");
  },
});
