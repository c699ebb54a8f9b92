/* A relying party by Nimbus OAuth 2.0 SDK: a code flow with PKCE, refresh, introspection, revocation, logout
 * (test/clients/conversation.ts). */
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jwt.JWT;
import com.nimbusds.oauth2.sdk.AuthorizationCodeGrant;
import com.nimbusds.oauth2.sdk.ErrorObject;
import com.nimbusds.oauth2.sdk.RefreshTokenGrant;
import com.nimbusds.oauth2.sdk.ResponseType;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenIntrospectionRequest;
import com.nimbusds.oauth2.sdk.TokenIntrospectionResponse;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.TokenRevocationRequest;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.id.State;
import com.nimbusds.oauth2.sdk.pkce.CodeChallengeMethod;
import com.nimbusds.oauth2.sdk.pkce.CodeVerifier;
import com.nimbusds.oauth2.sdk.token.AccessToken;
import com.nimbusds.oauth2.sdk.util.JSONObjectUtils;
import com.nimbusds.openid.connect.sdk.AuthenticationRequest;
import com.nimbusds.openid.connect.sdk.AuthenticationResponse;
import com.nimbusds.openid.connect.sdk.AuthenticationResponseParser;
import com.nimbusds.openid.connect.sdk.LogoutRequest;
import com.nimbusds.openid.connect.sdk.Nonce;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponseParser;
import com.nimbusds.openid.connect.sdk.UserInfoRequest;
import com.nimbusds.openid.connect.sdk.UserInfoResponse;
import com.nimbusds.openid.connect.sdk.claims.IDTokenClaimsSet;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.token.OIDCTokens;
import com.nimbusds.openid.connect.sdk.validators.IDTokenValidator;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.util.Map;
import net.minidev.json.JSONObject;

public class RelyingParty {
  private static final BufferedReader INPUT = new BufferedReader(new InputStreamReader(System.in));

  private static JSONObject hear() throws Exception {
    return JSONObjectUtils.parse(INPUT.readLine());
  }

  private static void say(Map<String, ?> message) {
    System.out.println(JSONObject.toJSONString(message));
  }

  private static ClientAuthentication clientOf(JSONObject given) {
    return new ClientSecretBasic(
        new ClientID((String) given.get("client_id")), new Secret((String) given.get("client_secret")));
  }

  private static void expect(boolean holds, ErrorObject error) {
    if (!holds) throw new IllegalStateException(String.valueOf(error));
  }

  private static OIDCTokens ask(TokenRequest request) throws Exception {
    TokenResponse response = OIDCTokenResponseParser.parse(request.toHTTPRequest().send());
    expect(response.indicatesSuccess(), response.indicatesSuccess() ? null : response.toErrorResponse().getErrorObject());
    return (OIDCTokens) response.toSuccessResponse().getTokens();
  }

  private static Map<String, Object> introspect(URI at, ClientAuthentication as, AccessToken token) throws Exception {
    TokenIntrospectionResponse response =
        TokenIntrospectionResponse.parse(new TokenIntrospectionRequest(at, as, token).toHTTPRequest().send());
    expect(response.indicatesSuccess(), response.indicatesSuccess() ? null : response.toErrorResponse().getErrorObject());
    return response.toSuccessResponse().toJSONObject();
  }

  public static void main(String[] arguments) throws Exception {
    JSONObject given = hear();
    Issuer issuer = new Issuer((String) given.get("issuer"));
    OIDCProviderMetadata metadata = OIDCProviderMetadata.resolve(issuer);
    ClientAuthentication own = clientOf(given);
    ClientAuthentication server = clientOf(JSONObjectUtils.getJSONObject(given, "resource_server"));
    URI redirect = new URI((String) given.get("redirect_uri"));
    State state = new State();
    Nonce nonce = new Nonce();
    CodeVerifier verifier = new CodeVerifier();
    say(Map.of("authorize", new AuthenticationRequest.Builder(
            new ResponseType("code"), Scope.parse((String) given.get("scope")), own.getClientID(), redirect)
        .endpointURI(metadata.getAuthorizationEndpointURI())
        .state(state)
        .nonce(nonce)
        .codeChallenge(verifier, CodeChallengeMethod.S256)
        .build()
        .toURI()
        .toString()));

    AuthenticationResponse answer = AuthenticationResponseParser.parse(new URI((String) hear().get("callback")));
    expect(answer.indicatesSuccess(), answer.indicatesSuccess() ? null : answer.toErrorResponse().getErrorObject());
    expect(state.equals(answer.getState()) && issuer.equals(answer.getIssuer()), new ErrorObject("another answer"));
    OIDCTokens tokens = ask(new TokenRequest(metadata.getTokenEndpointURI(), own,
        new AuthorizationCodeGrant(answer.toSuccessResponse().getAuthorizationCode(), redirect, verifier)));
    JWT idToken = tokens.getIDToken();
    IDTokenClaimsSet claims = new IDTokenValidator(issuer, own.getClientID(),
        JWSAlgorithm.parse(idToken.getHeader().getAlgorithm().getName()), metadata.getJWKSetURI().toURL())
        .validate(idToken, nonce);
    UserInfoResponse info = UserInfoResponse.parse(
        new UserInfoRequest(metadata.getUserInfoEndpointURI(), tokens.getAccessToken()).toHTTPRequest().send());
    expect(info.indicatesSuccess(), info.indicatesSuccess() ? null : info.toErrorResponse().getErrorObject());

    OIDCTokens refreshed = ask(new TokenRequest(
        metadata.getTokenEndpointURI(), own, new RefreshTokenGrant(tokens.getRefreshToken())));
    AccessToken fresh = refreshed.getAccessToken();
    say(Map.of("tokens", Map.of(
        "sub", claims.getSubject().getValue(),
        "userinfo", info.toSuccessResponse().getUserInfo().toJSONObject(),
        "introspection", introspect(metadata.getIntrospectionEndpointURI(), server, fresh),
        "refreshed", !fresh.equals(tokens.getAccessToken()),
        "rotated", !refreshed.getRefreshToken().equals(tokens.getRefreshToken()))));

    say(Map.of("logout", new LogoutRequest(metadata.getEndSessionEndpointURI(), idToken, null, own.getClientID(),
        new URI((String) given.get("post_logout_redirect_uri")), state, null).toURI().toString()));
    hear();
    int status = new TokenRevocationRequest(metadata.getRevocationEndpointURI(), own, refreshed.getRefreshToken())
        .toHTTPRequest().send().getStatusCode();
    expect(status == 200, new ErrorObject("revocation", null, status));
    say(Map.of("after", introspect(metadata.getIntrospectionEndpointURI(), server, fresh)));
  }
}
