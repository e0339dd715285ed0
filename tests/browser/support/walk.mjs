// SPDX-License-Identifier: Apache-2.0
// walk - a browser, what every page of the walk must keep to, and the outside that it is compared with.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(`${process.env.BROWSER_TOOLS}/`);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const PAGE = process.env.PAGE_URL;
export const WAIT_MS = 20000;
export const KEY = /sk_[0-9a-f]{64}/;

// outside NAME ARGUMENT...: one of the scripts that the case made: link, sql, run.
export function outside(name, ...words) {
	return execFileSync(`${process.env.CASE}/${name}`, words, { encoding: 'utf8', timeout: 60000 }).trim();
}

export const link = (business = process.env.BUSINESS) => outside('link', business);
export const sql = (statement) => outside('sql', statement);

// A request, a message on the console or an error that no page of ours makes.
function watch(page, application, complaints) {
	page.on('console', (message) => complaints.push(`console: ${message.text()}`));
	page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
	page.on('request', (request) => {
		if (![PAGE, application].some((origin) => request.url().startsWith(`${origin}/`)))
			complaints.push(`request elsewhere: ${request.url()}`);
	});
	page.on('requestfailed', (request) => {
		if (request.failure().errorText !== 'net::ERR_ABORTED')
			complaints.push(`failed: ${request.url()} ${request.failure().errorText}`);
	});
}

// expected: complaints that the walk provokes; application: the origin of another site that it begins at.
export async function walk({ expected, application, ...options }, steps) {
	const browser = await chromium.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		args: process.getuid() === 0 ? ['--no-sandbox'] : [],
	});
	const complaints = [];
	try {
		const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
		context.setDefaultTimeout(WAIT_MS);
		const page = await context.newPage();
		watch(page, application, complaints);
		await steps(page, context, browser);
		assert.deepEqual(complaints.filter((complaint) => !expected?.test(complaint)), []);
	} finally {
		await browser.close();
	}
}

// Opening a link in a page that is there already would only move within it.
export async function signIn(page, address = link()) {
	await page.goto('about:blank');
	await page.goto(address);
	await page.waitForURL('**/settings');
}

export async function shownKey(page) {
	await page.locator('#new-key').waitFor();
	const key = await page.locator('#new-key').textContent();
	assert.match(key, KEY);
	return key;
}

export async function noKeyOn(page) {
	assert.doesNotMatch(await page.content(), KEY);
}

// axe's own injection needs eval, which the page's policy rightly forbids: it goes in by the debugger.
export async function accessible(page, what) {
	await page.evaluate(axe);
	const { violations } = await page.evaluate(() => globalThis.axe.run());
	assert.deepEqual(violations.map((v) => `${what}: ${v.id}: ${v.nodes.map((n) => n.target).join(' ')}`), []);
}

export async function fits(page, what) {
	const [content, room] = await page.evaluate(() =>
		[document.documentElement.scrollWidth, document.documentElement.clientWidth]);
	assert.ok(content <= room, `${what}: ${content} px wide in ${room}`);
}

export async function picture(page, name) {
	if (process.env.PICTURES)
		await page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, fullPage: true });
}

export async function until(what, condition) {
	const end = Date.now() + WAIT_MS;
	while (!await condition()) {
		assert.ok(Date.now() < end, `${what}: not within ${WAIT_MS} ms`);
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
}
