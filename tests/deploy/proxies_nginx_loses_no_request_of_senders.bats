#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# deploy/nginx/intake.conf in front of two gateways.

load support/proxy
load support/nginx

setup() {
	proxied_begin
}

teardown() {
	proxied_end
}

proxy_start() {
	nginx_configure "$CASE" "$PROXY_PORT" "$(<"$CASE/gateway1.listen")" "$(<"$CASE/gateway2.listen")"
	launch "$CASE" proxy "${PROXY_COMMAND[@]}"
}

@test "nginx: a request comes through with its sender's address, and no log has a key or an address" {
	a_request_comes_through
}

@test "nginx: a body may be as large as the gateway takes, and no larger" {
	bodies_are_bounded
}

@test "nginx: what is not a request, or has too long headers, is told so" {
	headers_are_bounded
	what_is_no_request_is_told_so
	expect_refused 400 bad_request
}

@test "nginx: the settings page works behind it" {
	the_settings_page_works
}

@test "nginx: without a gateway a sender is told that nothing was stored" {
	without_a_gateway_nothing_is_stored
}

@test "nginx: where the answer is lost a sender is told that it may be stored" {
	an_answer_that_is_lost_may_be_stored
}

@test "nginx: a rolling restart of the gateways fails no request, and each is stored once" {
	a_rolling_restart_fails_no_request
}

@test "nginx: a gateway that is killed under load makes only honest errors" {
	a_killed_gateway_makes_only_honest_errors
}
