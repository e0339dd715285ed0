// SPDX-License-Identifier: Apache-2.0
// Each state in both themes, at phone width, wide and at 200 %: no violation that axe knows, nothing cut
// off. With PICTURES=FOLDER each is kept as a picture. No worker runs here.
import assert from 'node:assert/strict';
import { PAGE, accessible, fits, link, picture, shownKey, signIn, sql, walk } from './support/walk.mjs';

const VIEWS = [
	{ name: 'phone', viewport: { width: 320, height: 700 } },
	{ name: 'wide', viewport: { width: 1280, height: 900 } },
	{ name: 'zoomed', viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 },
];

async function regenerate(page) {
	await page.locator('summary').click();
	await page.getByLabel('Works for 24 more hours').check();
	await page.getByLabel('I will put the new key').check();
}

async function everyState(page, seen) {
	sql('delete from intake.api_keys; update businesses set api_key_hash = null; delete from intake.audit; delete from intake.test_requests');
	await page.goto(`${PAGE}/settings/sign-in`);
	await seen('sign-in');
	await signIn(page);
	await seen('first-visit');
	await page.getByRole('button', { name: 'Generate key' }).click();
	await shownKey(page);
	await seen('key-on-show');
	for (const way of ['Make', 'n8n', 'curl']) {
		await page.locator('.tabs > label', { hasText: way }).click();
		await seen(`way-${way.toLowerCase()}`);
	}
	await page.reload();
	await seen('after-reload');
	await regenerate(page);
	await seen('regenerate');
	await page.getByRole('button', { name: 'Regenerate key' }).click();
	await page.locator('.old').waitFor();
	await page.reload();
	await seen('grace-period');
	await page.getByRole('button', { name: 'Send a test request' }).click();
	await page.locator('.steps .busy').waitFor();
	await seen('test-running');
	sql("update intake.test_requests set begun_at = now() - interval '31 seconds'");
	await page.locator('.steps .failed').waitFor();
	await seen('test-slow');
	sql("update intake.test_requests set stored_at = null, problem = 'not_stored'");
	await page.getByText('Not accepted').waitFor();
	await seen('test-failed');
	const code = link();
	sql("update intake.sign_in_links set expires_at = now() where used_at is null");
	await page.goto('about:blank');
	await page.goto(code);
	await page.getByText('This link has expired').waitFor();
	await seen('link-expired');
}

for (const colorScheme of ['light', 'dark']) {
	for (const { name, ...view } of VIEWS) {
		await walk({ colorScheme, ...view }, async (page) => {
			await everyState(page, async (state) => {
				const what = `${state}-${colorScheme}-${name}`;
				await picture(page, what);
				await fits(page, what);
				await accessible(page, what);
			});
			const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
			assert.equal(ground === 'rgb(15, 17, 21)', colorScheme === 'dark');
		});
	}
}
