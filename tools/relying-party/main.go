// A relying party by coreos/go-oidc and x/oauth2: a code flow with PKCE, refresh, introspection, revocation, logout
// (test/clients/conversation.ts). Neither library introspects, revokes or logs out: those requests are made by hand.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

type client struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

type given struct {
	client
	Issuer         string `json:"issuer"`
	Scope          string `json:"scope"`
	RedirectURI    string `json:"redirect_uri"`
	PostLogoutURI  string `json:"post_logout_redirect_uri"`
	ResourceServer client `json:"resource_server"`
}

type endpoints struct {
	Introspection string `json:"introspection_endpoint"`
	Revocation    string `json:"revocation_endpoint"`
	EndSession    string `json:"end_session_endpoint"`
}

var lines = bufio.NewScanner(os.Stdin)

func hear(into any) {
	if !lines.Scan() {
		log.Fatal("nothing more was said")
	}
	check(json.Unmarshal(lines.Bytes(), into))
}

func say(message map[string]any) {
	check(json.NewEncoder(os.Stdout).Encode(message))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func post(ctx context.Context, address string, as client, form url.Values) map[string]any {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	check(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(as.ID), url.QueryEscape(as.Secret))
	response, err := http.DefaultClient.Do(request)
	check(err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		log.Fatalf("%s answers %s", address, response.Status)
	}
	body := map[string]any{}
	if response.ContentLength != 0 {
		check(json.NewDecoder(response.Body).Decode(&body))
	}
	return body
}

func main() {
	log.SetFlags(0)
	lines.Buffer(nil, 1<<20)
	ctx := context.Background()
	var had given
	hear(&had)
	// Compares the issuer with what the document says (OIDC Discovery 4.3).
	provider, err := oidc.NewProvider(ctx, had.Issuer)
	check(err)
	var at endpoints
	check(provider.Claims(&at))
	config := oauth2.Config{
		ClientID: had.ID, ClientSecret: had.Secret, Endpoint: provider.Endpoint(),
		RedirectURL: had.RedirectURI, Scopes: strings.Fields(had.Scope),
	}
	state, nonce, verifier := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	say(map[string]any{"authorize": config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))})
	var answer struct{ Callback string }
	hear(&answer)
	callback, err := url.Parse(answer.Callback)
	check(err)
	if callback.Query().Get("state") != state {
		log.Fatal("the state is another one")
	}
	tokens, err := config.Exchange(ctx, callback.Query().Get("code"), oauth2.VerifierOption(verifier))
	check(err)
	raw, _ := tokens.Extra("id_token").(string)
	idToken, err := provider.Verifier(&oidc.Config{ClientID: had.ID}).Verify(ctx, raw)
	check(err)
	if idToken.Nonce != nonce {
		log.Fatal("the nonce is another one")
	}
	if idToken.AccessTokenHash != "" {
		check(idToken.VerifyAccessToken(tokens.AccessToken))
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	check(err)
	var person map[string]any
	check(info.Claims(&person))
	refreshed, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: tokens.RefreshToken}).Token()
	check(err)
	introspect := func() map[string]any {
		return post(ctx, at.Introspection, had.ResourceServer, url.Values{"token": {refreshed.AccessToken}})
	}
	say(map[string]any{"tokens": map[string]any{
		"sub": idToken.Subject, "userinfo": person, "introspection": introspect(),
		"refreshed": refreshed.AccessToken != tokens.AccessToken,
		"rotated":   refreshed.RefreshToken != tokens.RefreshToken,
	}})
	leaving := url.Values{
		"id_token_hint": {raw}, "client_id": {had.ID}, "post_logout_redirect_uri": {had.PostLogoutURI}, "state": {state},
	}
	say(map[string]any{"logout": fmt.Sprintf("%s?%s", at.EndSession, leaving.Encode())})
	var left map[string]any
	hear(&left)
	post(ctx, at.Revocation, had.client, url.Values{"token": {refreshed.RefreshToken}})
	say(map[string]any{"after": introspect()})
}
