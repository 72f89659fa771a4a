#include "wire/ddi.h"

#include <catch2/catch.hpp>

using namespace muster;
using namespace muster::wire;

namespace {

const std::string home = "/default/controller/v1/meter-1";
const std::string base = "https://updates.example:8884" + home;

const Json& at(const Json& json, std::initializer_list<const char*> keys) {
  const Json* here = &json;
  for (const char* key : keys) {
    here = here->find(key);
    REQUIRE(here);
  }
  return *here;
}

}  // namespace

TEST_CASE("each path of the DDI leads to its resource, and to nothing beside them") {
  using enum DdiResource;
  const struct {
    const char* rest;
    DdiResource resource;
    std::uint64_t number;
    const char* file;
  } known[] = {{"", poll, 0, ""},
               {"/configData", config_data, 0, ""},
               {"/deploymentBase/17", deployment, 17, ""},
               {"/deploymentBase/17/feedback", deployment_feedback, 17, ""},
               {"/cancelAction/17", cancel, 17, ""},
               {"/cancelAction/17/feedback", cancel_feedback, 17, ""},
               {"/confirmationBase", confirmation, 0, ""},
               {"/confirmationBase/17", confirmation_action, 17, ""},
               {"/confirmationBase/17/feedback", confirmation_feedback, 17, ""},
               {"/confirmationBase/activateAutoConfirm", activate_auto_confirm, 0, ""},
               {"/confirmationBase/deactivateAutoConfirm", deactivate_auto_confirm, 0, ""},
               {"/installedBase/16", installed, 16, ""},
               {"/softwaremodules/3/artifacts", artifacts, 3, ""},
               {"/softwaremodules/3/artifacts/a.swu", artifact, 3, "a.swu"},
               {"/softwaremodules/3/artifacts/a.swu.MD5SUM", artifact_md5, 3, "a.swu"}};
  for (const auto& each : known) {
    INFO(each.rest);
    const auto place = parse_ddi_path(home + each.rest);
    REQUIRE(place);
    CHECK(*place == DdiPlace{home, "meter-1", each.resource, each.number, each.file});
  }
  for (const std::string& wrong :
       {home + "/", home + "/other", home + "/deploymentBase", home + "/deploymentBase/x",
        home + "/deploymentBase/-1", home + "/deploymentBase/99999999999999999999",
        home + "/deploymentBase/17/feedback/18", home + "/softwaremodules/3/artifacts/.MD5SUM",
        home + "/softwaremodules/3/artifacts/" + std::string(400, 'a'),
        std::string("/default/controller/v2/meter-1"), std::string("/a b/controller/v1/meter-1"),
        std::string("/default/controller/v1/meter 1"), std::string("default/controller/v1/m"),
        std::string("//controller/v1/m"), std::string()}) {
    INFO(wrong);
    CHECK_FALSE(parse_ddi_path(wrong));
  }
}

TEST_CASE("feedback is read with what a client adds, and its words are one short line") {
  const auto told = expect(parse_ddi_feedback(
      R"({"id":"17","time":"20261122T150000","status":{"execution":"proceeding","code":3,)"
      R"("result":{"finished":"none","progress":{"cnt":2,"of":5}},"details":["a\nb","c"]}})"));
  CHECK(told.execution == DdiExecution::proceeding);
  CHECK(told.finished == DdiFinished::none);
  CHECK(told.words == "2/5; a b; c");
  const auto closed =
      expect(parse_ddi_feedback(R"({"status":{"execution":"closed","result":{"finished":)"
                                R"("failure"},"details":[")" +
                                std::string(2000, 'x') + R"("]}})"));
  CHECK(closed.finished == DdiFinished::failure);
  CHECK(closed.words.size() == word_max);
  CHECK(expect(parse_ddi_feedback(R"({"status":{"execution":"closed"}})")).finished ==
        DdiFinished::none);
}

TEST_CASE("feedback that says no known thing is refused with the member at fault") {
  const struct {
    const char *text, *field;
  } wrong[] = {{R"({"status":"closed"})", "/status"},
               {R"({})", "/status"},
               {R"({"status":{"execution":"done"}})", "/status/execution"},
               {R"({"status":{"result":{"finished":"success"}}})", "/status/execution"},
               {R"({"status":{"execution":"closed","result":{"finished":true}}})",
                "/status/result/finished"}};
  for (const auto& each : wrong) {
    INFO(each.text);
    const auto refused = parse_ddi_feedback(each.text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().field == each.field);
    CHECK_FALSE(refused.error().message.empty());
  }
  CHECK_FALSE(parse_ddi_feedback(std::string(ddi_bytes_max + 1, ' ')));
  CHECK_FALSE(parse_ddi_feedback("not json"));
}

TEST_CASE("attributes are texts under names, few enough, in one of three modes") {
  const auto told = expect(parse_ddi_config(
      R"({"id":"","mode":"replace","data":{"firmware":"1.0","board":"b"},"status":{}})"));
  CHECK(told.mode == Merging::replace);
  CHECK(told.attributes == std::vector<NamedText>{{"firmware", "1.0"}, {"board", "b"}});
  CHECK(expect(parse_ddi_config(R"({"data":{}})")).mode == Merging::merge);
  std::string many = R"({"data":{)";
  for (int i = 0; i < 257; ++i)
    many += (i ? "," : "") + std::string("\"a") + std::to_string(i) + "\":\"\"";
  for (const std::string& wrong :
       {many + "}}", std::string(R"({"data":{"a":1}})"), std::string(R"({"data":{"":"x"}})"),
        std::string(R"({"mode":"add","data":{}})"), std::string(R"({"data":[]})"),
        R"({"data":{"a":")" + std::string(1025, 'v') + "\"}}"}) {
    INFO(wrong.substr(0, 60));
    CHECK_FALSE(parse_ddi_config(wrong));
  }
}

TEST_CASE("consent is given or denied") {
  CHECK(expect(parse_ddi_consent(R"({"confirmation":"confirmed"})")).confirmed);
  const auto denied = expect(parse_ddi_consent(R"({"confirmation":"denied","details":["no"]})"));
  CHECK_FALSE(denied.confirmed);
  CHECK(denied.words == "no");
  CHECK_FALSE(parse_ddi_consent(R"({"confirmation":"perhaps"})"));
}

TEST_CASE("a poll names how long to sleep and links to what there is, no more") {
  const auto idle = expect(parse_json(ddi_poll_text(base, {.sleep = 90s})));
  CHECK(*at(idle, {"config", "polling", "sleep"}).text() == "00:01:30");
  CHECK_FALSE(at(idle, {"_links"}).find("deploymentBase"));
  CHECK_FALSE(at(idle, {"_links"}).find("configData"));
  const auto busy = expect(parse_json(ddi_poll_text(
      base, {.sleep = 48h, .deployment = 17, .cancel = 16, .installed = 15, .config_data = true})));
  CHECK(*at(busy, {"config", "polling", "sleep"}).text() == "23:59:59");
  CHECK(*at(busy, {"_links", "deploymentBase", "href"}).text() == base + "/deploymentBase/17");
  CHECK(*at(busy, {"_links", "cancelAction", "href"}).text() == base + "/cancelAction/16");
  CHECK(*at(busy, {"_links", "installedBase", "href"}).text() == base + "/installedBase/15");
  CHECK(*at(busy, {"_links", "configData", "href"}).text() == base + "/configData");
}

TEST_CASE("a deployment has all that swupdate wants: an integer id, size, SHA-1, file and link") {
  const DdiDeployment told{.action = 17,
                           .module = 3,
                           .name = "meter",
                           .version = "1.1.0",
                           .file = "meter-1.1.0.swu",
                           .sha1 = "aa",
                           .md5 = "bb",
                           .sha256 = "cc",
                           .size = 4096,
                           .history = std::vector<std::string>{"1/3"}};
  const auto json = expect(parse_json(ddi_deployment_text(base, told)));
  CHECK(*at(json, {"id"}).text() == "17");
  CHECK(*at(json, {"deployment", "update"}).text() == "forced");
  const Json& chunk = at(json, {"deployment", "chunks"}).items()->at(0);
  const Json& artifact = at(chunk, {"artifacts"}).items()->at(0);
  CHECK(*at(artifact, {"hashes", "sha1"}).text() == "aa");
  CHECK(*at(artifact, {"size"}).integer() == 4096);
  CHECK(*at(artifact, {"_links", "download", "href"}).text() ==
        base + "/softwaremodules/3/artifacts/meter-1.1.0.swu");
  CHECK(at(json, {"actionHistory", "messages"}).items()->size() == 1);
  const auto cancel = expect(parse_json(ddi_cancel_text(17)));
  CHECK(*at(cancel, {"cancelAction", "stopId"}).text() == "17");
  const auto asked = expect(parse_json(ddi_confirmation_text(base, false, 17)));
  CHECK_FALSE(*at(asked, {"autoConfirm", "active"}).boolean());
  CHECK(*at(asked, {"_links", "confirmationBase", "href"}).text() == base + "/confirmationBase/17");
}
