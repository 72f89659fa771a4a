// The console's screens of identity, for console.mjs: certificates, devices that wait, and boots.
import { strict as assert } from "node:assert";

export const identity_scenarios = ({ at, give_reason, says, sign_in }) => ({
  async certificate_is_revoked(browser) {
    const page = await sign_in(browser);
    await at(page, "nav-certificates").click();
    await page.getByText("all in use").click();
    const row = page.locator(`[data-testid="certificate-row"][data-subject="${process.env.DEVICE}"]`);
    await says(row, /valid|not yet used/);

    const open = row.getByTestId("act-revoke");
    await open.focus();
    await page.keyboard.press("Enter");
    await at(page, "reason-field").waitFor();
    assert.ok(await at(page, "confirm").isDisabled(), "no revocation without a reason");
    await page.keyboard.press("Escape");
    await at(page, "reason-field").waitFor({ state: "detached" });
    assert.ok(await open.evaluate((button) => button === document.activeElement), "the focus is where it was");

    await open.click();
    await at(page, "because-field").selectOption("key-compromise");
    await give_reason(page, "its key was seen elsewhere");
    await row.waitFor({ state: "detached" });

    await page.goto(new URL(`/devices/${process.env.DEVICE}`, page.url()).href);
    await says(at(page, "device-certificate"), /revoked/);
    await says(at(page, "timeline"), /its key was seen elsewhere/);
  },

  async every_certificate_of_a_device_is_revoked(browser) {
    const page = await sign_in(browser);
    await page.goto(new URL(`/devices/${process.env.DEVICE}`, page.url()).href);
    await says(at(page, "key-protection"), /in a file/);
    await at(page, "act-revoke-all").click();
    await give_reason(page, "it was stolen");
    await page.locator('[data-testid="device-certificate"][data-status="revoked"]').first().waitFor();
    await at(page, "act-revoke-all").waitFor({ state: "detached" });
  },

  async refusals_are_listed(browser) {
    const page = await sign_in(browser);
    await at(page, "nav-certificates").click();
    const row = at(page, "refusals").locator(`[data-target="device/${process.env.DEVICE}"]`);
    await says(row, /wrong|token/);
    await row.getByRole("link", { name: `device/${process.env.DEVICE}` }).first().click();
    await says(at(page, "timeline"), /enrolment\.refused/);
  },

  async overdue_renewal_is_listed(browser) {
    const page = await sign_in(browser);
    await page.goto(new URL("/certificates?within=overdue", page.url()).href);
    const row = page.locator(`[data-testid="certificate-row"][data-subject="${process.env.DEVICE}"]`);
    await says(row, /renewal overdue|expired/);
  },

  async device_that_waits_is_approved_and_another_rejected(browser) {
    const page = await sign_in(browser);
    await says(at(page, "nav-approvals"), /2/);
    await at(page, "nav-approvals").click();
    const row = (serial) => page.locator(`[data-testid="parked-row"][data-serial="${serial}"]`);

    await row(process.env.GOOD).getByTestId("act-approve").click();
    assert.equal(await at(page, "id-field").inputValue(), process.env.GOOD);
    await at(page, "id-field").fill("not a name");
    assert.ok(await at(page, "confirm").isDisabled(), "no device has such an id");
    await at(page, "id-field").fill(process.env.DEVICE);
    await at(page, "confirm").click();
    await row(process.env.GOOD).waitFor({ state: "detached" });

    await row(process.env.BAD).getByTestId("act-reject").click();
    await give_reason(page, "nobody ordered it");
    await row(process.env.BAD).waitFor({ state: "detached" });
    await page.getByText("rejected", { exact: true }).click();
    await row(process.env.BAD).waitFor();
    await says(at(page, "nav-approvals"), /^Approvals$/);
  },

  async boot_is_expected_and_a_tampered_one_seen(browser) {
    const page = await sign_in(browser);
    await page.goto(new URL(`/devices/${process.env.DEVICE}`, page.url()).href);
    await says(at(page, "attestation-state"), /unknown/);
    await says(at(page, "key-protection"), /in a TPM/);
    await at(page, "act-learn").click();
    await at(page, "pcrs-field").fill("sha256:0,1,7");
    await at(page, "confirm").click();
    await says(at(page, "attestation-state"), /trusted/);

    await page.getByText(/^\d+ registers$/).click();
    const register = page.locator('[data-testid="registers"] [data-pcr="7"]');
    assert.equal(await register.getAttribute("data-standing"), "as expected");
    assert.equal(
      await page.locator('[data-testid="registers"] [data-pcr="8"]').getAttribute("data-standing"),
      "not asked",
    );

    process.stdout.write("tamper\n");
    await new Promise((resolve) => process.stdin.once("data", resolve));
    process.stdin.pause();
    await at(page, "act-attest").click();
    await says(at(page, "attestation-state"), /failed/);
    await page.getByText(/^\d+ registers$/).click();
    await page.locator('[data-testid="registers"] [data-pcr="7"][data-standing="differs"]').waitFor();

    await at(page, "nav-attestation").click();
    await says(at(page, "policy-row"), /0, 1, 7/);
    await says(at(page, "boots"), new RegExp(`device/${process.env.DEVICE}.*PCR 7`, "s"));
    await at(page, "act-drop").click();
    await at(page, "confirm").click();
    await at(page, "policy-row").waitFor({ state: "detached" });
  },

  async viewer_is_offered_no_act(browser) {
    const page = await sign_in(browser);
    await at(page, "nav-certificates").click();
    await page.getByText("all in use").click();
    await at(page, "certificate-row").first().waitFor();
    assert.equal(await at(page, "act-revoke").count(), 0);
    await at(page, "nav-approvals").click();
    await at(page, "parked-row").first().waitFor();
    assert.equal(await at(page, "act-approve").count(), 0);
    assert.equal(await at(page, "act-reject").count(), 0);
  },
});
