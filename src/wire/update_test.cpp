#include "wire/update.h"

#include <catch2/catch.hpp>

#include "wire/logged.h"

using namespace muster;
using namespace muster::wire;
using Catch::Contains;

namespace {

const std::string digest = std::string(60, 'a') + "0123";
const std::string other_digest(64, 'b');

ReleaseMetadata release() {
  return {.model = expect(ModelId::parse("meter-1")),
          .version = "1.4.2",
          .sequence = 7,
          .floor = 5,
          .artifact_sha256 = digest,
          .artifact_size = 1024,
          .published = expect(parse_rfc3339("2026-11-22T04:50:21.123Z"))};
}

Assignment assignment() {
  return {.device = expect(DeviceId::parse("meter-0001")),
          .number = 3,
          .release_id = digest,
          .back = true,
          .issued = expect(parse_rfc3339("2026-11-22T05:00:00Z"))};
}

// The release with one member changed.
std::string why_not(std::string key, Json value) {
  auto r = read_release(to_json(release()).set(std::move(key), std::move(value)));
  REQUIRE_FALSE(r);
  CHECK(r.error().fault == Fault::invalid);
  return r.error().field + " " + r.error().message;
}

}  // namespace

TEST_CASE("a version is one to three numbers and perhaps a suffix") {
  for (const char* good : {"0", "7", "1.4", "1.4.2", "10.20.30", "1.0.0-alpha", "1.0.0-alpha.1",
                           "2-rc.1", "1.0.0-x-y-z.4", "1.0-a-", "99999999999999999999.1"})
    CHECK(is_version(good));
  for (const char* bad : {"", ".", "1.", ".1", "1..2", "1.2.3.4", "v1", "1.02", "01", "1.0.0-",
                          "1.0.0-a..b", "1.0.0-01", "1.0.0-a.", "1.0.0+build", "1.0.0-a_b", "1 .0",
                          "-1", "1.0.0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
    CHECK_FALSE(is_version(bad));
}

TEST_CASE("versions order as semver's example does, and numbers are not text") {
  const char* rising[] = {"0.9",
                          "1.0.0-alpha",
                          "1.0.0-alpha.1",
                          "1.0.0-alpha.beta",
                          "1.0.0-beta",
                          "1.0.0-beta.2",
                          "1.0.0-beta.11",
                          "1.0.0-rc.1",
                          "1.0.0",
                          "1.0.1",
                          "1.9.0",
                          "1.10.0",
                          "2",
                          "10"};
  for (std::size_t i = 0; i < std::size(rising); ++i)
    for (std::size_t j = 0; j < std::size(rising); ++j) {
      CAPTURE(rising[i], rising[j]);
      CHECK((compare_versions(rising[i], rising[j]) < 0) == (i < j));
      CHECK((compare_versions(rising[i], rising[j]) == 0) == (i == j));
    }
  CHECK(std::is_eq(compare_versions("1", "1.0.0")));
  CHECK(std::is_lt(compare_versions("1.0-rc", "1")));
}

TEST_CASE("a release has one spelling to sign, and is read back from it") {
  Json json = to_json(release());
  CHECK(canonical(json) ==
        R"({"_type":"muster-release","artifact_sha256":")" + digest +
            R"(","artifact_size":1024,"floor":5,"model":"meter-1",)"
            R"("published":"2026-11-22T04:50:21.123Z","sequence":7,"spec":1,"version":"1.4.2"})");
  CHECK(expect(read_release(json)) == release());
  CHECK(expect(read_assignment(to_json(assignment()))) == assignment());
}

TEST_CASE("a release that breaks a rule is refused with the member at fault") {
  CHECK(why_not("_type", "muster-assignment") == "/_type must be muster-release");
  CHECK_THAT(why_not("spec", 2), Contains("/spec is newer than this program"));
  CHECK_THAT(why_not("version", "1.2.3.4"), Contains("/version must be 1 to 3 numbers"));
  CHECK_THAT(why_not("sequence", 0), Contains("/sequence must be an integer from 1 to"));
  CHECK_THAT(why_not("sequence", std::int64_t{1} << 53), Contains("/sequence must be"));
  CHECK(why_not("floor", 8) == "/floor must not be above the sequence");
  CHECK_THAT(why_not("artifact_sha256", "AB"), Contains("64 lower-case hex digits"));
  CHECK_THAT(why_not("artifact_size", "5"), Contains("not a string"));
  CHECK_THAT(why_not("published", "yesterday"), Contains("/published"));
  CHECK_THAT(why_not("model", "a b"), Contains("/model must be 1 to 64"));
  CHECK_THAT(why_not("extra", true), Contains("/extra unknown member"));
  CHECK_FALSE(read_release(to_json(assignment())));
  CHECK_FALSE(read_assignment(to_json(release())));
}

TEST_CASE("an envelope gives out the bytes that were signed, however its text was spaced") {
  std::vector<Signature> signatures{{digest, Bytes{1, 2, 3}}, {other_digest, Bytes{4}}};
  std::string text = envelope_text(to_json(release()), signatures);
  auto envelope = expect(parse_envelope(text));
  CHECK(envelope.signed_bytes == canonical(to_json(release())));
  CHECK(expect(read_release(envelope.content)) == release());
  REQUIRE(envelope.signatures.size() == 2);
  CHECK(envelope.signatures[0].keyid == digest);
  CHECK(envelope.signatures[0].signature == Bytes{1, 2, 3});
  auto spaced =
      expect(parse_envelope("{ \"signatures\" : [ ] , \"signed\" : { \"b\":1, \"a\":2 } }"));
  CHECK(spaced.signed_bytes == R"({"a":2,"b":1})");
}

TEST_CASE("an envelope that could be read in two ways is refused") {
  auto why = [](std::string_view text) {
    auto r = parse_envelope(text);
    REQUIRE_FALSE(r);
    return r.error().field + " " + r.error().message;
  };
  CHECK_THAT(why(R"({"signed":{"a":1,"a":2},"signatures":[]})"), Contains("twice"));
  CHECK_THAT(why(R"({"signed":{"a":1.5},"signatures":[]})"), Contains("/signed holds a fraction"));
  CHECK_THAT(why(R"({"signed":{"a":[{"b":1e3}]},"signatures":[]})"), Contains("fraction"));
  CHECK_THAT(why(R"({"signed":7,"signatures":[]})"), Contains("/signed must be an object"));
  CHECK_THAT(why(R"({"signed":{},"signatures":[],"x":1})"), Contains("/x unknown member"));
  std::string one = R"({"keyid":")" + digest + R"(","sig":"AQID"})";
  CHECK(why(R"({"signed":{},"signatures":[)" + one + "," + one + "]}") ==
        "/signatures/1/keyid is the second signature of this key");
  CHECK_THAT(why(R"({"signed":{},"signatures":[{"keyid":"ab","sig":"AQID"}]})"),
             Contains("/signatures/0/keyid must be a SHA-256"));
  CHECK_THAT(why(R"({"signed":{},"signatures":[{"keyid":")" + digest + R"(","sig":"*"}]})"),
             Contains("/signatures/0/sig must be a signature in base64"));
  std::string many = one;
  for (int i = 0; i < 16; ++i) many += "," + one;
  CHECK_THAT(why(R"({"signed":{},"signatures":[)" + many + "]}"), Contains("at most 16 items"));
  CHECK_THAT(why("\"" + std::string(envelope_max, 'x') + "\""), Contains("at most 65536"));
}

TEST_CASE("an offer carries both envelopes, and an empty object means nothing to do") {
  Offer offer{.release = envelope_text(to_json(release()), {{digest, Bytes{1}}}),
              .assignment = envelope_text(to_json(assignment()), {{other_digest, Bytes{2}}}),
              .path = "/v1/artifacts/" + digest};
  CHECK(*expect(parse_offer(to_text(offer))) == offer);
  CHECK_FALSE(expect(parse_offer(no_offer())));
  for (std::string path : {"http://evil/x", "//evil/x", "/../x", "/a/./b", "/a b", "", "/a?x=1"}) {
    CAPTURE(path);
    offer.path = path;
    CHECK(parse_offer(to_text(offer)).error().field == "/path");
  }
  CHECK_THAT(parse_offer(R"({"release":{},"assignment":{},"path":"/x"})").error().message,
             Contains("is no envelope"));
  CHECK_FALSE(parse_offer("[]"));
}

TEST_CASE("a report says which release and what became of it") {
  UpdateReport report{digest, UpdateOutcome::reverted, "boot check failed: no network"};
  CHECK(expect(parse_update_report(to_text(report))) == report);
  CHECK(to_text(UpdateReport{digest, UpdateOutcome::installed}) ==
        R"({"release_id":")" + digest + R"(","outcome":"installed"})");
  CHECK(
      parse_update_report(R"({"release_id":")" + digest + R"(","outcome":"fine"})").error().field ==
      "/outcome");
  CHECK_FALSE(parse_update_report("{}"));
}

TEST_CASE("a reported state may hold a configuration of the device's own") {
  ReportedState state{.firmware = "factory-3",
                      .release_id = digest,
                      .sequence = 7,
                      .config = Json::object({{"interval_s", 30}, {"gain", 0.5}})};
  CHECK(expect(parse_reported_state(to_text(state))) == state);
  CHECK(expect(parse_reported_state(R"({"firmware":"1.0"})")) == ReportedState{.firmware = "1.0"});
  CHECK(parse_reported_state(R"({"firmware":""})").error().field == "/firmware");
  CHECK(parse_reported_state(R"({"firmware":"1","config":[]})").error().field == "/config");
  CHECK(parse_reported_state(R"({"firmware":"1","release_id":"x"})").error().field ==
        "/release_id");
}

TEST_CASE("a reported state may say which roots the device holds") {
  const ReportedState state{.firmware = "1.0", .anchors = {digest, digest}};
  CHECK(expect(parse_reported_state(to_text(state))) == state);
  CHECK(parse_reported_state(R"({"firmware":"1","anchors":["x"]})").error().field == "/anchors");
  CHECK(parse_reported_state(
            to_text(ReportedState{.firmware = "1", .anchors = std::vector(9, std::string(digest))}))
            .error()
            .field == "/anchors");
}

TEST_CASE("a reported state says where its key is, if it is one of the places there are") {
  for (const char* place : {"file", "tpm", "pkcs11"}) {
    const ReportedState state{.firmware = "1", .key_store = place};
    CHECK(expect(parse_reported_state(to_text(state))) == state);
  }
  CHECK(parse_reported_state(R"({"firmware":"1","key_store":"safe"})").error().field ==
        "/key_store");
}

TEST_CASE("an offer may show that its release is in the ledger") {
  Offer offer{.release = envelope_text(to_json(release()), {}),
              .assignment = envelope_text(Json::object(), {}),
              .path = "/artifacts/x"};
  const Logged logged{.leaf = "{}", .index = 3, .checkpoint = "note\n", .proof = {{1}, {2}}};
  offer.logged = to_text(logged);
  const auto read = parse_offer(to_text(offer));
  REQUIRE((read && *read));
  CHECK(**read == offer);
  CHECK(parse_logged((*read)->logged).value() == logged);
  for (const char* bad : {"{}", R"({"leaf":"","index":-1,"checkpoint":"","proof":[]})",
                          R"({"leaf":"","index":0,"checkpoint":"","proof":["AAAA"]})",
                          R"({"leaf":"","index":0,"checkpoint":"","proof":[7]})"}) {
    offer.logged = bad;
    CHECK_FALSE(parse_offer(to_text(offer)));
  }
}
