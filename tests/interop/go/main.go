// A relying party by go-oidc and golang.org/x/oauth2: a web application, a native one, a pushed
// request and a device. The dialogue with the test is a line of JSON in each direction.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

type application struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	RedirectURI  string `json:"redirect_uri"`
	Scope        string `json:"scope"`
}

type configuration struct {
	Issuer string      `json:"issuer"`
	Web    application `json:"web"`
	Native application `json:"native"`
	Device application `json:"device"`
}

type party struct {
	Claims      map[string]any `json:"claims"`
	Email       string         `json:"email"`
	Refreshed   map[string]any `json:"refreshed"`
	Rotated     bool           `json:"rotated"`
	OtherNonce  bool           `json:"other_nonce"`
	SecondUse   string         `json:"second_use"`
	WrongProof  string         `json:"wrong_proof"`
	WrongClient string         `json:"wrong_client"`
}

var lines = bufio.NewReader(os.Stdin)

func receive(into any) {
	line, err := lines.ReadBytes('\n')
	must(err)
	must(json.Unmarshal(line, into))
}

func send(message map[string]any) {
	must(json.NewEncoder(os.Stdout).Encode(message))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// visit asks for a browser and answers the parameters that came back to the client.
func visit(page, home string) url.Values {
	send(map[string]any{"visit": page, "home": home})
	var answer struct{ Arrived string }
	receive(&answer)
	arrived, err := url.Parse(answer.Arrived)
	must(err)
	return arrived.Query()
}

// refusal is the server's error code of a failure.
func refusal(err error) string {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return refused.ErrorCode
	}
	return fmt.Sprint(err)
}

func claims(token *oidc.IDToken) map[string]any {
	told := map[string]any{}
	must(token.Claims(&told))
	return told
}

type relyingParty struct {
	ctx      context.Context
	provider *oidc.Provider
	config   *oauth2.Config
	verifier *oidc.IDTokenVerifier
}

func newRelyingParty(ctx context.Context, provider *oidc.Provider, a application) relyingParty {
	config := &oauth2.Config{
		ClientID: a.ClientID, ClientSecret: a.ClientSecret, RedirectURL: a.RedirectURI,
		Endpoint: provider.Endpoint(), Scopes: strings.Fields(a.Scope),
	}
	return relyingParty{ctx, provider, config, provider.Verifier(&oidc.Config{ClientID: a.ClientID})}
}

// idToken verifies the ID token of a response, and the hash of the access token in it if there is one.
func (r relyingParty) idToken(token *oauth2.Token) *oidc.IDToken {
	raw, isThere := token.Extra("id_token").(string)
	if !isThere {
		must(errors.New("no ID token"))
	}
	verified, err := r.verifier.Verify(r.ctx, raw)
	must(err)
	if verified.AccessTokenHash != "" {
		must(verified.VerifyAccessToken(token.AccessToken))
	}
	return verified
}

// renew lets the library believe that the access token has expired.
func (r relyingParty) renew(token *oauth2.Token) *oauth2.Token {
	expired := &oauth2.Token{RefreshToken: token.RefreshToken}
	fresh, err := r.config.TokenSource(r.ctx, expired).Token()
	must(err)
	return fresh
}

func (r relyingParty) authorizationURL(verifier string) string {
	return r.config.AuthCodeURL("the state", oauth2.S256ChallengeOption(verifier), oidc.Nonce("the nonce"))
}

// code is what came back, from the issuer that was asked, in answer to that request.
func (r relyingParty) code(page string, issuer string) string {
	arrived := visit(page, r.config.RedirectURL)
	if arrived.Get("state") != "the state" || arrived.Get("iss") != issuer {
		must(fmt.Errorf("not an answer to this request: %v", arrived))
	}
	return arrived.Get("code")
}

func (r relyingParty) use(token *oauth2.Token) party {
	verified := r.idToken(token)
	person, err := r.provider.UserInfo(r.ctx, oauth2.StaticTokenSource(token))
	must(err)
	if person.Subject != verified.Subject {
		must(errors.New("userinfo is about somebody else"))
	}
	fresh := r.renew(token)
	stranger := r.provider.Verifier(&oidc.Config{ClientID: "another"})
	_, wrong := stranger.Verify(r.ctx, token.Extra("id_token").(string))
	return party{
		Claims: claims(verified), Email: person.Email, Refreshed: claims(r.idToken(fresh)),
		Rotated:    fresh.RefreshToken != token.RefreshToken,
		OtherNonce: verified.Nonce != "the nonce", WrongClient: fmt.Sprint(wrong),
	}
}

func (r relyingParty) signIn(issuer string) party {
	verifier := oauth2.GenerateVerifier()
	code := r.code(r.authorizationURL(verifier), issuer)
	token, err := r.config.Exchange(r.ctx, code, oauth2.VerifierOption(verifier))
	must(err)
	used := r.use(token)
	stolen := r.code(r.authorizationURL(verifier), issuer)
	_, wrong := r.config.Exchange(r.ctx, stolen, oauth2.VerifierOption(oauth2.GenerateVerifier()))
	_, again := r.config.Exchange(r.ctx, code, oauth2.VerifierOption(verifier))
	used.WrongProof, used.SecondUse = refusal(wrong), refusal(again)
	return used
}

// push sends what AuthCodeURL has made to the server, and answers the URL that stands for it.
func (r relyingParty) push(endpoint, verifier string) string {
	page, err := url.Parse(r.authorizationURL(verifier))
	must(err)
	request, err := http.NewRequestWithContext(
		r.ctx, http.MethodPost, endpoint, strings.NewReader(page.RawQuery),
	)
	must(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(r.config.ClientID), url.QueryEscape(r.config.ClientSecret))
	answer, err := http.DefaultClient.Do(request)
	must(err)
	defer answer.Body.Close()
	var pushed struct {
		RequestURI string `json:"request_uri"`
	}
	must(json.NewDecoder(answer.Body).Decode(&pushed))
	short := url.Values{"client_id": {r.config.ClientID}, "request_uri": {pushed.RequestURI}}
	page.RawQuery = short.Encode()
	return page.String()
}

func (r relyingParty) pushAndSignIn(endpoint, issuer string) party {
	verifier := oauth2.GenerateVerifier()
	code := r.code(r.push(endpoint, verifier), issuer)
	token, err := r.config.Exchange(r.ctx, code, oauth2.VerifierOption(verifier))
	must(err)
	return r.use(token)
}

// connect shows a code to the person and waits until they have typed it elsewhere.
func (r relyingParty) connect() (party, string) {
	begun, err := r.config.DeviceAuth(r.ctx)
	must(err)
	visit(begun.VerificationURIComplete, begun.VerificationURI)
	token, err := r.config.DeviceAccessToken(r.ctx, begun)
	must(err)
	return r.use(token), begun.UserCode
}

func main() {
	var asked configuration
	receive(&asked)
	ctx := context.Background()
	provider, err := oidc.NewProvider(ctx, asked.Issuer)
	must(err)
	var metadata struct {
		Push string `json:"pushed_authorization_request_endpoint"`
	}
	must(provider.Claims(&metadata))
	web := newRelyingParty(ctx, provider, asked.Web)
	native := newRelyingParty(ctx, provider, asked.Native)
	device, userCode := newRelyingParty(ctx, provider, asked.Device).connect()
	send(map[string]any{"result": map[string]any{
		"web":       web.signIn(asked.Issuer),
		"native":    native.signIn(asked.Issuer),
		"pushed":    web.pushAndSignIn(metadata.Push, asked.Issuer),
		"device":    device,
		"user_code": userCode,
	}})
}
