// Update clients that we did not write, at the device door: what each request asks of the
// controller, and what its answers look like on the wire.
#include <catch2/catch.hpp>

#include "gateway/internal/test_workbench.h"
#include "wire/ddi.h"
#include "wire/mender.h"

using namespace muster;
using namespace muster::gateway;
using net::http::Answer;
using Need = link::ActionNow::Need;

namespace {

Answer call(Workbench& w, const Papers& who, net::http::Call call) {
  auto tls = expect(net::TlsContext::client(
      {.key_pem = who.key_pem, .chain_pem = who.certificate_pem, .anchors_pem = w.ca.pem()}));
  net::http::Client client(w.loop, "127.0.0.1", w.gateway->ports().device, &tls);
  return expect(net::run(w.loop, client.call(std::move(call))));
}

link::ToldAction told(std::uint64_t number) {
  return {.number = number,
          .word = "1/3",
          .file = {.model = "meter",
                   .version = "1.1.0",
                   .sha256 = std::string(64, 'c'),
                   .sha1 = std::string(40, 'a'),
                   .md5 = std::string(32, 'b'),
                   .size = 4096,
                   .sequence = 3}};
}

const std::string home = "/default/controller/v1/meter-1";
const std::string mender = "/api/devices/";

std::string auth_body(const Papers& who) {
  const auto key = expect(crypto::FileKey::from_pem(who.key_pem));
  return wire::to_text(wire::Json::object({{"id_data", R"({"id":"meter-1"})"},
                                           {"pubkey", key.public_key().pem()},
                                           {"tenant_token", ""}}));
}

std::string signed_by(const Papers& who, const std::string& body) {
  return to_base64(expect(expect(crypto::FileKey::from_pem(who.key_pem)).sign(bytes_of(body))));
}

}  // namespace

TEST_CASE("a DDI poll links to what there is to do, and says so once for as long as it stays") {
  Workbench w;
  const auto meter = w.device("meter-1");
  w.controller.to_action = {.need = Need::install, .action = told(17), .installed = told(9)};
  const auto answer = call(w, meter, {.target = home});
  REQUIRE(answer.status == 200);
  CHECK(answer.body.find("/deploymentBase/17\"") != std::string::npos);
  CHECK(answer.body.find("/installedBase/9\"") != std::string::npos);
  CHECK(answer.body.find("00:05:00") != std::string::npos);
  const std::string* tag = answer.header("ETag");
  REQUIRE(tag);
  CHECK(call(w, meter, {.target = home, .headers = {{"If-None-Match", *tag}}}).status == 304);
  w.controller.to_action = {.need = Need::cancel, .action = told(17)};
  const auto now = call(w, meter, {.target = home, .headers = {{"If-None-Match", *tag}}});
  CHECK(now.status == 200);
  CHECK(now.body.find("/cancelAction/17\"") != std::string::npos);
  CHECK(now.body.find("deploymentBase") == std::string::npos);
  const auto asked = w.controller.asked<link::GetAction>();
  REQUIRE(asked.size() == 3);
  CHECK(asked[0].why == link::GetAction::Why::poll);
  CHECK(asked[0].caller.device.text() == "meter-1");
}

TEST_CASE("DDI documents are those of the action at hand; others are over or were never there") {
  Workbench w;
  const auto meter = w.device("meter-1");
  const auto status = [&](const std::string& rest) {
    return call(w, meter, {.target = home + rest}).status;
  };
  w.controller.to_action = {.need = Need::install, .action = told(17), .installed = told(9)};
  CHECK(call(w, meter, {.target = home + "/deploymentBase/17?actionHistory=5"})
            .body.find("\"messages\":[\"1/3\"]") != std::string::npos);
  CHECK(status("/deploymentBase/16") == 410);
  CHECK(status("/deploymentBase/18") == 404);
  CHECK(status("/cancelAction/17") == 410);
  CHECK(status("/installedBase/9") == 200);
  CHECK(status("/confirmationBase/17") == 410);
  CHECK(status("/softwaremodules/3/artifacts") == 200);
  CHECK(status("/softwaremodules/4/artifacts") == 404);
  CHECK(status("/softwaremodules/3/artifacts/other.swu") == 404);
  CHECK(call(w, meter, {.target = home + "/softwaremodules/3/artifacts/meter-1.1.0.swu.MD5SUM"})
            .body == std::string(32, 'b') + "  meter-1.1.0.swu\n");
  w.controller.to_action = {.need = Need::consent, .action = told(17), .asks = true};
  CHECK(call(w, meter, {.target = home + "/confirmationBase/17"}).body.find("\"confirmation\":{") !=
        std::string::npos);
  CHECK(call(w, meter, {.target = home + "/confirmationBase"}).body.find("\"active\":false") !=
        std::string::npos);
  CHECK(status("/other") == 404);
  const auto wrong = call(w, meter, {.method = "PUT", .target = home});
  CHECK(wrong.status == 405);
  REQUIRE(wrong.header("Allow"));
  CHECK(*wrong.header("Allow") == "GET");
}

TEST_CASE("DDI feedback becomes one word about an action, and its answer a status") {
  Workbench w;
  const auto meter = w.device("meter-1");
  using Kind = link::ActionWord::Kind;
  const struct {
    const char *place, *body;
    Kind kind;
  } said[] = {
      {"deploymentBase/17", R"({"status":{"execution":"proceeding"}})", Kind::progress},
      {"deploymentBase/17", R"({"status":{"execution":"rejected"}})", Kind::warning},
      {"deploymentBase/17", R"({"status":{"execution":"closed"}})", Kind::succeeded},
      {"deploymentBase/17", R"({"status":{"execution":"closed","result":{"finished":"failure"}}})",
       Kind::failed},
      {"cancelAction/17", R"({"status":{"execution":"closed"}})", Kind::cancelled},
      {"cancelAction/17", R"({"status":{"execution":"rejected"}})", Kind::cancel_refused},
      {"confirmationBase/17", R"({"confirmation":"confirmed"})", Kind::confirmed},
      {"confirmationBase/17", R"({"confirmation":"denied"})", Kind::denied}};
  for (const auto& each : said) {
    INFO(each.body);
    CHECK(
        call(w, meter,
             {.method = "POST", .target = home + "/" + each.place + "/feedback", .body = each.body})
            .status == 200);
    const auto heard = w.controller.asked<link::ActionWord>();
    REQUIRE_FALSE(heard.empty());
    CHECK(heard.back().kind == each.kind);
    CHECK(heard.back().action == 17);
  }
  const auto status_when = [&](link::ActionHeard heard) {
    w.controller.to_word = heard;
    return call(w, meter,
                {.method = "POST",
                 .target = home + "/cancelAction/17/feedback",
                 .body = R"({"status":{"execution":"closed"}})"})
        .status;
  };
  CHECK(status_when(link::ActionHeard::over) == 410);
  CHECK(status_when(link::ActionHeard::unknown) == 404);
  CHECK(status_when(link::ActionHeard::not_cancellable) == 405);
  CHECK(status_when(link::ActionHeard::unwanted) == 200);
  CHECK(call(w, meter,
             {.method = "POST", .target = home + "/deploymentBase/17/feedback", .body = "{}"})
            .status == 400);
  CHECK(call(w, meter,
             {.method = "PUT",
              .target = home + "/configData",
              .body = std::string(wire::ddi_bytes_max + 1, ' ')})
            .status == 413);
}

TEST_CASE("a DDI client is its certificate; a gateway's token is refused with the reason") {
  Workbench w;
  const auto meter = w.device("meter-1"), other = w.device("meter-2");
  CHECK(call(w, other, {.target = home}).status == 403);
  CHECK(w.controller.asked<link::Misuse>().size() == 1);
  const auto gateway =
      call(w, meter, {.target = home, .headers = {{"Authorization", "GatewayToken x"}}});
  CHECK(gateway.status == 401);
  CHECK(gateway.body.find("could act as any device") != std::string::npos);
  CHECK(
      call(w, meter, {.target = home, .headers = {{"Authorization", "TargetToken abc"}}}).status ==
      200);
  CHECK(w.controller.asked<link::GetAction>().back().caller.secret == "abc");
  w.controller.revoke(meter);
  CHECK(call(w, meter, {.target = home}).status == 401);
  CHECK(w.controller.asked<link::GetAction>().size() == 1);
}

TEST_CASE("a Mender token is for who signs with the certificate's key, and for nobody else") {
  Workbench w;
  const auto meter = w.device("meter-1"), other = w.device("meter-2");
  const std::string target = mender + "v1/authentication/auth_requests";
  const auto ask = [&](const Papers& who, const std::string& body, const std::string& signature) {
    return call(w, who,
                {.method = "POST",
                 .target = target,
                 .headers = {{"X-MEN-Signature", signature}},
                 .body = body});
  };
  const auto body = auth_body(meter);
  const auto good = ask(meter, body, signed_by(meter, body));
  CHECK(good.status == 200);
  CHECK(good.body == "a token");
  CHECK(ask(meter, body, signed_by(other, body)).status == 401);
  CHECK(ask(meter, body, "").status == 401);
  CHECK(ask(meter, body + " ", signed_by(meter, body)).status == 401);
  CHECK(ask(other, body, signed_by(meter, body)).status == 401);
  CHECK(ask(meter, "{}", signed_by(meter, "{}")).status == 400);
  CHECK(w.controller.asked<link::BeginSession>().size() == 1);
  CHECK(w.controller.asked<link::Misuse>().size() == 5);
}

TEST_CASE("a Mender deployment comes with a map that pauses, and its map follows the controller") {
  Workbench w;
  const auto meter = w.device("meter-1");
  const std::string next = mender + "v2/deployments/device/deployments/next",
                    provides = R"({"device_provides":{"device_type":"m","artifact_name":"1.0"},)"
                               R"("update_control_map":true})";
  const auto ask = [&] {
    return call(w, meter,
                {.method = "POST",
                 .target = next,
                 .headers = {{"Authorization", "Bearer abc"}},
                 .body = provides});
  };
  CHECK(ask().status == 204);
  w.controller.to_action = {.need = Need::install, .action = told(17)};
  const auto given = ask();
  CHECK(given.status == 200);
  CHECK(given.body.find("/artifacts/sha256/" + std::string(64, 'c')) != std::string::npos);
  CHECK(given.body.find("\"action\":\"pause\"") != std::string::npos);
  CHECK(w.controller.asked<link::GetAction>().back().caller.secret == "abc");
  CHECK(w.controller.asked<link::GetAction>().back().why == link::GetAction::Why::idle);
  const auto word = [&](std::uint64_t number) {
    return call(w, meter,
                {.target = mender + "v2/deployments/device/deployments/" + wire::uuid_of(number) +
                           "/update_control_map"})
        .body;
  };
  CHECK(word(17).find("\"action\":\"continue\"") != std::string::npos);
  w.controller.to_action.hold = link::ActionNow::Hold::pause;
  CHECK(word(17).find("\"action\":\"pause\"") != std::string::npos);
  w.controller.to_action.hold = link::ActionNow::Hold::fail;
  CHECK(word(17).find("\"action\":\"fail\"") != std::string::npos);
  CHECK(word(16).find("\"action\":\"fail\"") != std::string::npos);
}

TEST_CASE("a Mender status is heard, and answered 409 once the deployment is not wanted any more") {
  Workbench w;
  const auto meter = w.device("meter-1");
  using Kind = link::ActionWord::Kind;
  const std::string place = mender + "v1/deployments/device/deployments/" + wire::uuid_of(17);
  const auto tell = [&](const std::string& what, const std::string& body) {
    return call(w, meter, {.method = "PUT", .target = place + what, .body = body}).status;
  };
  CHECK(tell("/status", R"({"status":"installing"})") == 204);
  CHECK(tell("/status", R"({"status":"failure","substate":"no room"})") == 204);
  CHECK(tell("/status", R"({"status":"already-installed"})") == 204);
  const auto heard = w.controller.asked<link::ActionWord>();
  REQUIRE(heard.size() == 3);
  CHECK(heard[0].kind == Kind::progress);
  CHECK(heard[1].kind == Kind::failed);
  CHECK(heard[1].words == "failure: no room");
  CHECK(heard[2].kind == Kind::succeeded);
  CHECK(tell("/log", R"({"messages":[{"message":"bad"}]})") == 204);
  CHECK(w.controller.asked<link::ActionLog>().back().log == "bad\n");
  w.controller.to_word = link::ActionHeard::unwanted;
  CHECK(tell("/status", R"({"status":"installing"})") == 409);
  CHECK(tell("/status", R"({"status":"perhaps"})") == 400);
  CHECK(call(w, meter, {.method = "GET", .target = place + "/status"}).status == 405);
  CHECK(call(w, meter,
             {.method = "PUT",
              .target = mender + "v1/inventory/device/attributes",
              .body = R"([{"name":"a","value":"b"}])"})
            .status == 200);
  CHECK(w.controller.asked<link::TellAttributes>().back().how ==
        link::TellAttributes::How::replace);
}
