#include "release/release.h"
#include "base/test_folder.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

using namespace muster;
using namespace muster::release;

namespace {

const ledger::Actor alice{"operator:alice", "admin"};
const ModelId meter = expect(ModelId::parse("meter"));
const DeviceId meter_7 = expect(DeviceId::parse("meter-7"));

using Folder = TestFolder;

struct Bench {  // the module on a store of its own
  Folder folder;
  ManualClock clock{expect(parse_rfc3339("2026-03-01T08:00:00.000Z"))};
  crypto::FileKey online = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  crypto::FileKey maker = expect(crypto::FileKey::generate(crypto::Algorithm::ecdsa_p256));
  std::optional<store::Store> store;
  std::optional<ledger::Ledger> ledger;
  std::optional<Releases> releases;

  Bench() { open(); }
  void open() {
    store.emplace(expect(store::Store::open(folder.path / "muster.db")));
    ledger.emplace(expect(ledger::Ledger::open(*store, online, clock, "test")));
    releases.emplace(
        expect(Releases::open(*store, *ledger, folder.path / "artifacts", online, clock)));
  }
  void reopen() {
    ledger->seal();
    store->commit();
    releases.reset();
    ledger.reset();
    store.reset();
    open();
  }

  std::filesystem::path upload(std::string_view content) {
    const auto path = releases->spool() / "upload-1";
    std::ofstream(path) << content;
    return path;
  }
  std::string take(std::string_view content) {
    return expect(releases->take_artifact(upload(content), crypto::sha256(bytes_of(content)),
                                          content.size(), {}, alice))
        .sha256;
  }
  wire::ReleaseMetadata metadata(std::string version, std::uint64_t sequence,
                                 std::string_view content = "image") {
    return {.model = meter,
            .version = std::move(version),
            .sequence = sequence,
            .floor = 0,
            .artifact_sha256 = to_hex(crypto::sha256(bytes_of(content))),
            .artifact_size = content.size(),
            .published = clock.now()};
  }
  std::string envelope(const wire::ReleaseMetadata& m, const crypto::SigningKey& key) {
    const auto content = wire::to_json(m);
    return wire::envelope_text(content, {{to_hex(key.public_key().fingerprint()),
                                          expect(key.sign(bytes_of(wire::canonical(content))))}});
  }
  Result<Release> publish(const wire::ReleaseMetadata& m) {
    return releases->publish(envelope(m, maker), alice);
  }
};

std::string refusal(const Result<Release>& published, Fault fault) {
  REQUIRE_FALSE(published);
  CHECK(published.error().fault == fault);
  return published.error().message;
}

std::size_t files_in(const std::filesystem::path& folder) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files += entry.exists();
  return files;
}

}  // namespace

TEST_CASE("an artifact is kept under its digest, and the spool is left empty") {
  Bench bench;
  const auto digest = bench.take("image");
  const auto artifact = expect(bench.releases->artifact(digest));
  CHECK(artifact.size == 5);
  CHECK(artifact.path == bench.folder.path / "artifacts" / digest.substr(0, 2) / digest);
  CHECK(std::filesystem::file_size(artifact.path) == 5);
  CHECK(files_in(bench.releases->spool()) == 0);

  SECTION("the same one again changes nothing") {
    const auto entries = bench.ledger->size();
    CHECK(bench.take("image") == digest);
    CHECK(bench.ledger->size() == entries);
    CHECK(files_in(bench.releases->spool()) == 0);
  }
  SECTION("it is still there after a restart") {
    bench.reopen();
    CHECK(expect(bench.releases->artifact(digest)).size == 5);
  }
}

TEST_CASE("an upload that is not what was announced is refused, and the file removed") {
  Bench bench;
  const auto announced = crypto::sha256(bytes_of("image"));
  const auto arrived = crypto::sha256(bytes_of("imagf"));
  const auto path = bench.upload("imagf");
  const auto taken = bench.releases->take_artifact(path, arrived, 5, announced, alice);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().fault == Fault::corrupt);
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_FALSE(bench.releases->artifact(to_hex(arrived)));
  CHECK_FALSE(bench.releases->artifact(to_hex(announced)));
  CHECK(bench.ledger->size() == 0);
}

TEST_CASE("an upload that was cut is refused, and the file removed") {
  Bench bench;
  const auto path = bench.upload("ima");
  const auto taken =
      bench.releases->take_artifact(path, crypto::sha256(bytes_of("image")), 5, {}, alice);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().fault == Fault::corrupt);
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a file outside the spool is neither taken nor removed") {
  Bench bench;
  const auto path = bench.folder.path / "elsewhere";
  std::ofstream(path) << "image";
  CHECK_FALSE(bench.releases->take_artifact(path, crypto::sha256(bytes_of("image")), 5, {}, alice));
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("what an upload left in the spool when the program died is cleared at the next start") {
  Bench bench;
  bench.take("image");
  bench.upload("half of an im");
  bench.reopen();
  CHECK(files_in(bench.releases->spool()) == 0);
}

TEST_CASE("a release signed by a trusted key is published, and found by id and by version") {
  Bench bench;
  bench.take("image");
  expect(bench.releases->trust_key("maker", bench.maker.public_key(), alice));
  const auto text = bench.envelope(bench.metadata("1.0", 1), bench.maker);
  const auto release = expect(bench.releases->publish(text, alice));
  CHECK(release.envelope == text);
  CHECK(release.signed_by ==
        std::vector<std::string>{to_hex(bench.maker.public_key().fingerprint())});
  CHECK(release.id ==
        to_hex(crypto::sha256(bytes_of(expect(wire::parse_envelope(text)).signed_bytes))));

  bench.reopen();
  REQUIRE(bench.releases->find(release.id));
  CHECK(bench.releases->find(release.id)->envelope == text);
  CHECK(bench.releases->find(meter, "1.0")->metadata == release.metadata);
  CHECK_FALSE(bench.releases->find(meter, "1.1"));
  CHECK(bench.releases->keys().size() == 2);

  const auto entries = bench.ledger->size();
  CHECK(expect(bench.releases->publish(text, alice)).id == release.id);
  CHECK(bench.ledger->size() == entries);  // the same one again changes nothing
}

TEST_CASE("a release made and signed offline, with openssl alone, is published") {
  Bench bench;
  bench.take("image");
  const auto path = bench.folder.path.string();
  std::ofstream(path + "/signed.json") << wire::canonical(wire::to_json(bench.metadata("1.0", 1)));
  const auto run = [&](const std::string& arguments) {
    REQUIRE(std::system(("cd " + path + " && openssl " + arguments).c_str()) == 0);
  };
  const auto text_in = [&](const std::string& name) {
    std::ifstream file(path + '/' + name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out maker.key 2>openssl.log");
  run("pkey -in maker.key -pubout -out maker.pub");
  run("dgst -sha256 -sign maker.key -out release.sig signed.json");

  const auto key = expect(crypto::PublicKey::from_pem(text_in("maker.pub")));
  expect(bench.releases->trust_key("maker", key, alice));
  const auto envelope = R"({"signed": )" + text_in("signed.json") +
                        R"(, "signatures": [{"keyid": ")" + to_hex(key.fingerprint()) +
                        R"(", "sig": ")" + to_base64(bytes_of(text_in("release.sig"))) + "\"}]}";
  CHECK(expect(bench.releases->publish(envelope, alice)).metadata.version == "1.0");
}

TEST_CASE("a release that no trusted key signed is refused") {
  Bench bench;
  bench.take("image");
  const auto m = bench.metadata("1.0", 1);
  CHECK(refusal(bench.publish(m), Fault::invalid).starts_with("no trusted key"));
  const auto unsigned_text = wire::envelope_text(wire::to_json(m), {});
  CHECK(refusal(bench.releases->publish(unsigned_text, alice), Fault::invalid)
            .starts_with("no trusted key"));
  CHECK(bench.ledger->size() == 1);  // the artifact's entry alone
}

TEST_CASE("a trusted key's signature over something else is refused, by the key's name") {
  Bench bench;
  bench.take("image");
  expect(bench.releases->trust_key("maker", bench.maker.public_key(), alice));
  auto envelope =
      expect(wire::parse_envelope(bench.envelope(bench.metadata("1.0", 1), bench.maker)));
  envelope.content.set("version", "9.0");
  const auto text = wire::envelope_text(envelope.content, envelope.signatures);
  CHECK(refusal(bench.releases->publish(text, alice), Fault::invalid)
            .starts_with("the signature of key maker does not verify"));
}

TEST_CASE("a signature of a stranger beside a trusted one does no harm and is not counted") {
  Bench bench;
  bench.take("image");
  expect(bench.releases->trust_key("maker", bench.maker.public_key(), alice));
  const auto stranger = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  const auto m = bench.metadata("1.0", 1);
  auto by_maker = expect(wire::parse_envelope(bench.envelope(m, bench.maker)));
  auto by_stranger = expect(wire::parse_envelope(bench.envelope(m, stranger)));
  by_maker.signatures.push_back(by_stranger.signatures.front());
  const auto text = wire::envelope_text(by_maker.content, by_maker.signatures);
  CHECK(expect(bench.releases->publish(text, alice)).signed_by.size() == 1);
}

TEST_CASE("a release may not go back, neither in version nor in sequence nor in floor") {
  Bench bench;
  bench.take("image");
  expect(bench.releases->trust_key("maker", bench.maker.public_key(), alice));
  auto first = bench.metadata("1.2", 5);
  first.floor = 3;
  expect(bench.publish(first));

  auto next = bench.metadata("1.0", 6);
  next.floor = 3;
  CHECK(refusal(bench.publish(next), Fault::conflict) ==
        "1.0 is older than 1.2, which is published; a release may not go back");
  next.version = "1.2.0";
  CHECK(refusal(bench.publish(next), Fault::conflict) ==
        "1.2.0 is published already as 1.2; give it a higher version");
  next.version = "1.3";
  next.sequence = 5;
  CHECK(refusal(bench.publish(next), Fault::conflict) ==
        "sequence 5 is not above 5, that of 1.2; a release may not go back");
  next.sequence = 6;
  next.floor = 2;
  CHECK(refusal(bench.publish(next), Fault::conflict) ==
        "floor 2 is below 3, that of 1.2; a floor may not sink");
  next.floor = 3;
  CHECK(bench.publish(next));
  CHECK(bench.releases->list(meter).front()->metadata.version == "1.3");

  SECTION("another model has its own sequence") {
    auto other = bench.metadata("1.0", 1);
    other.model = expect(ModelId::parse("valve"));
    CHECK(bench.publish(other));
    CHECK(bench.releases->list(std::nullopt).size() == 3);
    CHECK(bench.releases->list(meter).size() == 2);
  }
}

TEST_CASE("a release of an artifact that is not here, or of another size, is refused") {
  Bench bench;
  expect(bench.releases->trust_key("maker", bench.maker.public_key(), alice));
  refusal(bench.publish(bench.metadata("1.0", 1)), Fault::missing);
  bench.take("image");
  auto longer = bench.metadata("1.0", 1);
  longer.artifact_size = 6;
  CHECK(refusal(bench.publish(longer), Fault::invalid) ==
        "the artifact has 5 octets, the release says 6");
}

TEST_CASE("the controller signs a release itself only when asked, and the ledger says so") {
  Bench bench;
  const auto digest = bench.take("image");
  const auto first = expect(bench.releases->publish_online(meter, "1.0", digest, {}, alice));
  CHECK(first.metadata.sequence == 1);
  const auto second = expect(bench.releases->publish_online(meter, "1.1", digest, 2, alice));
  CHECK(second.metadata.sequence == 2);
  const auto third = expect(bench.releases->publish_online(meter, "1.2", digest, {}, alice));
  CHECK(third.metadata.floor == 2);  // that of the one before: a floor does not sink
  CHECK(third.signed_by ==
        std::vector<std::string>{to_hex(bench.online.public_key().fingerprint())});

  const auto entry = expect(bench.ledger->about("release/" + third.id, 1)).at(0).entry;
  CHECK(entry.action == "release.published");
  CHECK(entry.actor.name == "operator:alice");
  CHECK(*entry.detail.find("online_key_asked_for")->boolean());

  CHECK(refusal(bench.releases->publish_online(meter, "1.1", digest, {}, alice), Fault::conflict) ==
        "1.1 is older than 1.2, which is published; a release may not go back");
  refusal(bench.releases->publish_online(meter, "2.0", digest, 9, alice), Fault::invalid);
  refusal(bench.releases->publish_online(meter, "two", digest, {}, alice), Fault::invalid);
  refusal(bench.releases->publish_online(meter, "2.0", std::string(64, '0'), {}, alice),
          Fault::missing);
}

TEST_CASE("a floor says what was mended there, and goes on saying it until it is raised") {
  Bench bench;
  const auto digest = bench.take("image");
  expect(bench.releases->publish_online(meter, "1.0", digest, {}, alice));
  const auto mended =
      expect(bench.releases->publish_online(meter, "1.1", digest, 2, alice, "CVE-2026-1234"));
  CHECK(mended.metadata.floor_reason == "CVE-2026-1234");
  const auto next = expect(bench.releases->publish_online(meter, "1.2", digest, {}, alice));
  CHECK(next.metadata.floor_reason == "CVE-2026-1234");
  const auto raised = expect(bench.releases->publish_online(meter, "1.3", digest, 4, alice));
  CHECK(raised.metadata.floor_reason.empty());
  const auto entry = expect(bench.ledger->about("release/" + mended.id, 1)).at(0).entry;
  CHECK(*entry.detail.find("floor_reason")->text() == "CVE-2026-1234");
  const ModelId lock = expect(ModelId::parse("lock"));
  CHECK(refusal(bench.releases->publish_online(lock, "1.0", digest, {}, alice, "CVE-2026-1"),
                Fault::invalid) == "is for a floor, and there is none");
  CHECK(refusal(bench.releases->publish_online(lock, "1.0", digest, 1, alice, "two\nlines"),
                Fault::invalid) == "must be one line without control characters");
}

TEST_CASE("an offer holds the release as it was published and an assignment signed by us") {
  Bench bench;
  const auto release =
      expect(bench.releases->publish_online(meter, "1.0", bench.take("image"), {}, alice));
  const auto text = expect(bench.releases->offer(meter_7, release.id, 41, true));
  const auto offer = expect(wire::parse_offer(text)).value();
  CHECK(offer.release == release.envelope);
  CHECK(offer.path == "/artifacts/sha256/" + release.metadata.artifact_sha256);

  const auto envelope = expect(wire::parse_envelope(offer.assignment));
  CHECK(bench.online.public_key().verify(bytes_of(envelope.signed_bytes),
                                         envelope.signatures.at(0).signature));
  const auto assignment = expect(wire::read_assignment(envelope.content));
  CHECK(assignment == wire::Assignment{meter_7, 41, release.id, true, bench.clock.now()});

  bench.clock.pass(1h);
  CHECK(expect(bench.releases->offer(meter_7, release.id, 41, true)) == text);  // signed once
  CHECK_FALSE(expect(bench.releases->offer(meter_7, release.id, 42, true)) == text);
  CHECK_FALSE(bench.releases->offer(meter_7, "no such release", 43, false));
}

TEST_CASE("forms of the newest release are asked for: compressed, then against what devices run") {
  Bench bench;
  const auto old = bench.take("the old image"), middle = bench.take("the middle image"),
             newest = bench.take("the newest image");
  expect(bench.releases->publish_online(meter, "1.0", old, {}, alice));
  expect(bench.releases->publish_online(meter, "1.1", middle, {}, alice));
  expect(bench.releases->publish_online(meter, "1.2", newest, {}, alice));
  const std::vector<InField> field{{meter, "1.0"}, {meter, "1.2"}, {meter, "unheard of"}};
  const auto first = bench.releases->next_packing(field);
  REQUIRE(first);
  CHECK(first->artifact == newest);
  CHECK(first->base.empty());
  CHECK(first->to.parent_path() == bench.releases->spool());
  REQUIRE(bench.releases->packed(*first, 0));  // it saves nothing
  const auto patch = bench.releases->next_packing(field);
  REQUIRE(patch);
  CHECK(patch->base == old);
  std::ofstream(patch->to) << "patch";
  REQUIRE(bench.releases->packed(*patch, 5));
  CHECK_FALSE(bench.releases->next_packing(field));
  bench.reopen();
  CHECK_FALSE(bench.releases->next_packing(field));
  CHECK(bench.releases->next_packing({})->base == middle);  // nobody says what runs: the last ones

  const auto as_it_is = expect(bench.releases->form(newest, {}));
  CHECK(as_it_is.coding == delta::Coding::identity);
  CHECK(as_it_is.tag == '"' + newest + '"');
  CHECK(expect(bench.releases->form(newest, {true, middle})).tag == as_it_is.tag);
  const auto small = expect(bench.releases->form(newest, {true, old}));
  CHECK(small.coding == delta::Coding::dcz);
  CHECK(small.tag == '"' + newest + "-dcz-" + old.substr(0, 16) + '"');
  CHECK(small.size == 5);
  CHECK(std::filesystem::file_size(small.path) == 5);
}

TEST_CASE("the smallest form that is accepted is the one that is sent") {
  Bench bench;
  const auto old = bench.take("the old image"), newest = bench.take(std::string(100, 'n'));
  expect(bench.releases->publish_online(meter, "1.0", old, {}, alice));
  expect(bench.releases->publish_online(meter, "1.1", newest, {}, alice));
  for (const std::uint64_t size : {20, 10}) {
    const auto packing = bench.releases->next_packing({{meter, "1.0"}});
    REQUIRE(packing);
    std::ofstream(packing->to) << std::string(size, 'x');
    REQUIRE(bench.releases->packed(*packing, size));
  }
  CHECK(expect(bench.releases->form(newest, {})).size == 100);
  CHECK(expect(bench.releases->form(newest, {true, ""})).size == 20);
  CHECK(expect(bench.releases->form(newest, {true, old})).size == 10);
  CHECK(expect(bench.releases->form(newest, {false, old})).size == 10);
  CHECK(bench.releases->form("no such artifact", {}).error().fault == Fault::missing);
}

TEST_CASE("a form that could not be made is tried again after a start, and one of no use is not") {
  Bench bench;
  expect(bench.releases->publish_online(meter, "1.0", bench.take("image"), {}, alice));
  const auto packing = bench.releases->next_packing({});
  REQUIRE(packing);
  REQUIRE(bench.releases->packed(*packing, std::nullopt));
  CHECK_FALSE(bench.releases->next_packing({}));
  bench.reopen();
  REQUIRE(bench.releases->next_packing({}));
  REQUIRE(bench.releases->packed(*packing, 0));
  bench.reopen();
  CHECK_FALSE(bench.releases->next_packing({}));
}

TEST_CASE("only names of forms are read as forms") {
  const std::string a(64, 'a'), b(64, 'b');
  CHECK(Forms::parse_name(Forms::name_of(a, "")) == std::pair{a, std::string()});
  CHECK(Forms::parse_name(Forms::name_of(a, b)) == std::pair{a, b});
  for (const std::string& other :
       {a, a + ".zst", a + ".dcz", a + "." + b, "x" + a, a + "." + b + ".dczz"})
    CHECK_FALSE(Forms::parse_name(other));
}

TEST_CASE("a key is trusted once, under one name") {
  Bench bench;
  expect(bench.releases->trust_key("maker", bench.maker.public_key(), alice));
  const auto entries = bench.ledger->size();
  CHECK(bench.releases->trust_key("maker", bench.maker.public_key(), alice));
  CHECK(bench.ledger->size() == entries);
  CHECK_FALSE(bench.releases->trust_key("other", bench.maker.public_key(), alice));
  const auto second = expect(crypto::FileKey::generate(crypto::Algorithm::ed25519));
  CHECK_FALSE(bench.releases->trust_key("maker", second.public_key(), alice));
  CHECK_FALSE(bench.releases->trust_key("online", second.public_key(), alice));
  CHECK_FALSE(bench.releases->trust_key("", second.public_key(), alice));
}
