#include "wire/mender.h"

#include <catch2/catch.hpp>

using namespace muster;
using namespace muster::wire;

TEST_CASE("each path of Mender's device API leads to its resource, in its own version") {
  using enum MenderResource;
  const std::string id = uuid_of(42), v1 = "/api/devices/v1/", v2 = "/api/devices/v2/",
                    deployments = "deployments/device/deployments/";
  CHECK(parse_mender_path(v1 + "authentication/auth_requests") == MenderPlace{auth_requests, 0});
  CHECK(parse_mender_path(v1 + "inventory/device/attributes") == MenderPlace{attributes, 0});
  CHECK(parse_mender_path(v2 + deployments + "next") == MenderPlace{next, 0});
  CHECK(parse_mender_path(v1 + deployments + id + "/status") == MenderPlace{status, 42});
  CHECK(parse_mender_path(v1 + deployments + id + "/log") == MenderPlace{log, 42});
  CHECK(parse_mender_path(v2 + deployments + id + "/update_control_map") ==
        MenderPlace{control_map, 42});
  for (const std::string& wrong :
       {v1 + deployments + "next", v2 + deployments + id + "/status", v1 + deployments + "x/status",
        v1 + deployments + id, v2 + "authentication/auth_requests", std::string("/api/devices/v3/"),
        std::string("/api/devices/")}) {
    INFO(wrong);
    CHECK_FALSE(parse_mender_path(wrong));
  }
}

TEST_CASE("a deployment's name is a UUID of version 4 that leads back to its action") {
  for (const std::uint64_t action :
       {std::uint64_t{1}, std::uint64_t{0xabcdef}, (std::uint64_t{1} << 47) - 1}) {
    const auto uuid = uuid_of(action);
    CHECK(uuid.size() == 36);
    CHECK(uuid[14] == '4');
    CHECK(uuid[19] == '8');
    CHECK(action_of(uuid) == action);
  }
  for (const char* wrong :
       {"", "6d757374-6572-4000-8000-00000000002A", "6d757374-6572-4000-8000-0000000002a",
        "6d757374-6572-4000-8000-ffffffffffff", "00000000-6572-4000-8000-00000000002a"}) {
    INFO(wrong);
    CHECK_FALSE(action_of(wrong));
  }
}

TEST_CASE("an authentication names a device in JSON and a key in PEM") {
  const auto told = expect(parse_mender_auth(
      R"({"id_data":"{\"id\":\"meter-1\"}","pubkey":"-----BEGIN","tenant_token":""})"));
  CHECK(told.id_data == R"({"id":"meter-1"})");
  for (const char* wrong : {R"({"id_data":"[]","pubkey":"x"})", R"({"id_data":"{}"})",
                            R"({"id_data":"{}","pubkey":""})", R"([])", ""}) {
    INFO(wrong);
    CHECK_FALSE(parse_mender_auth(wrong));
  }
  CHECK_FALSE(parse_mender_auth(R"({"id_data":"{}","pubkey":")" + std::string(5000, 'x') + "\"}"));
}

TEST_CASE("attributes have a text, a list of them, or a bare number") {
  const auto told = expect(parse_mender_attributes(
      R"([{"name":"os","value":"Debian"},{"name":"ips","value":["10.0.0.1","::1"]},)"
      R"({"name":"cpus","value":2,"timestamp":"x"}])"));
  CHECK(told == std::vector<NamedText>{{"os", "Debian"}, {"ips", "10.0.0.1; ::1"}, {"cpus", "2"}});
  for (const char* wrong : {R"({})", R"([{"name":"","value":"x"}])", R"([{"name":"a"}])",
                            R"([{"name":"a","value":{}}])", R"([{"name":"a","value":[[]]}])"}) {
    INFO(wrong);
    CHECK_FALSE(parse_mender_attributes(wrong));
  }
}

TEST_CASE("who asks for work says what it is, and whether it obeys a control map") {
  const auto told = expect(parse_mender_next(
      R"({"device_provides":{"device_type":"meter","artifact_name":"1.0","x":"y"},)"
      R"("update_control_map":true})"));
  CHECK(told.control_map);
  CHECK(told.device_type == "meter");
  CHECK(told.artifact_name == "1.0");
  CHECK_FALSE(expect(parse_mender_next(R"({"device_provides":{"device_type":"m"}})")).control_map);
  CHECK_FALSE(parse_mender_next(R"({"device_provides":{}})"));
  CHECK_FALSE(parse_mender_next("{}"));
}

TEST_CASE("a status is one of those that a deployment can have") {
  for (const char* status : {"downloading", "installing", "rebooting", "pause_before_committing",
                             "success", "failure", "already-installed"})
    CHECK(name_of(
              expect(parse_mender_report(std::string(R"({"status":")") + status + "\"}")).status) ==
          std::string(status));
  CHECK(expect(parse_mender_report(R"({"status":"failure","substate":"x\ny"})")).substate == "x y");
  CHECK_FALSE(parse_mender_report(R"({"status":"fine"})"));
  CHECK_FALSE(parse_mender_report(R"({"status":7})"));
}

TEST_CASE("of a long log the end is kept, whole lines of it") {
  const auto shown = expect(
      parse_mender_log(R"({"messages":[{"timestamp":"t","level":"error","message":"bad\nkey"}]})"));
  CHECK(shown == "t error bad key\n");
  std::string text = R"({"messages":[)";
  for (int i = 0; i < 900; ++i)
    text += (i ? "," : "") + std::string(R"({"level":"info","message":"line )") +
            std::to_string(i) + std::string(100, '.') + "\"}";
  const auto cut = expect(parse_mender_log(text + "]}"));
  CHECK(cut.size() <= log_kept_max);
  CHECK(cut.size() > log_kept_max - 200);
  CHECK(cut.starts_with("info line "));
  CHECK(cut.find("line 899") != std::string::npos);
  CHECK_FALSE(parse_mender_log(R"({"messages":"x"})"));
  CHECK_FALSE(parse_mender_log(std::string(mender_log_bytes_max + 1, ' ')));
}

TEST_CASE("a client that obeys a map pauses before its commit, and goes back when nobody answers") {
  const auto told = mender_deployment_text({.action = 42,
                                            .artifact_name = "1.1.0",
                                            .device_type = "meter",
                                            .uri = "https://localhost:8884/artifacts/sha256/ab",
                                            .expire = instant(1'800'000'000'000),
                                            .control_map = true});
  const auto json = expect(parse_json(told));
  CHECK(*json.find("id")->text() == uuid_of(42));
  const Json* map = json.find("update_control_map");
  REQUIRE(map);
  const Json* state = map->find("states")->find("ArtifactCommit_Enter");
  CHECK(*state->find("action")->text() == "pause");
  CHECK(*state->find("on_map_expire")->text() == "fail");
  const auto failing = expect(parse_json(mender_control_map_text(42, Commit::fail)));
  CHECK(*failing.find("update_control_map")
             ->find("states")
             ->find("ArtifactCommit_Enter")
             ->find("action")
             ->text() == "fail");
}
