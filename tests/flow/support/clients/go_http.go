// SPDX-License-Identifier: Apache-2.0

// go_http posts contacts with net/http, a shape of body each: go_http URL KEY NAME PHONE
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

func post(shape, address, key, contentType string, body io.Reader) bool {
	request, err := http.NewRequest("POST", address, body)
	if err != nil {
		panic(err)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("X-Api-Key", key)
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		panic(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	fmt.Println(shape, answer.StatusCode, string(text))
	return answer.StatusCode == http.StatusAccepted
}

func main() {
	address, key, name, phone := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	contact := map[string]string{"name": name, "email": "go-json@example.com", "phone": phone}
	encoded, _ := json.Marshal(contact)
	form := url.Values{"name": {name}, "email": {"go-form@example.com"}, "phone": {phone}}
	good := post("json", address, key, "application/json", bytes.NewReader(encoded))
	good = post("form", address, key, "application/x-www-form-urlencoded",
		strings.NewReader(form.Encode())) && good
	if !good {
		os.Exit(1)
	}
}
