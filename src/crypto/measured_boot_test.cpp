#include "crypto/measured_boot.h"
#include "crypto/internal/test_refusals.h"

#include <catch2/catch.hpp>

using namespace muster;
using namespace muster::crypto;
using namespace muster::crypto::tpm;

namespace {

constexpr std::uint32_t no_action = 3, separator = 4, variable = 0x80000001,
                        application = 0x80000003;
constexpr std::uint32_t sha1_bank = 0x00140004, sha256_bank = 0x0020000b, sha384_bank = 0x0030000c;

// A log as firmware writes it: little endian.
struct Log {
  Bytes octets;

  Log& number(std::uint64_t value, int width) {
    for (int i = 0; i < width; ++i, value >>= 8) octets.push_back(static_cast<std::uint8_t>(value));
    return *this;
  }
  Log& raw(ByteView more) {
    octets.insert(octets.end(), more.begin(), more.end());
    return *this;
  }
  Log& event_octets(ByteView more) { return number(more.size(), 4).raw(more); }

  // Banks are (size << 16 | algorithm), as they are written.
  static Log started(const std::vector<std::uint32_t>& banks = {sha256_bank}) {
    Log spec;
    spec.raw(bytes_of(std::string_view("Spec ID Event03\0", 16)))
        .number(0, 4)
        .number(0x02000200, 4);
    spec.number(banks.size(), 4);
    for (const std::uint32_t bank : banks) spec.number(bank, 4);
    spec.number(0, 1);
    return first(spec.octets);
  }
  static Log first(ByteView spec) {
    return Log().number(0, 4).number(no_action, 4).raw(Bytes(20)).event_octets(spec);
  }

  Log& event(std::uint32_t pcr, std::uint32_t type, const Hash& digest, ByteView event) {
    return number(pcr, 4).number(type, 4).number(1, 4).number(0x000b, 2).raw(digest).event_octets(
        event);
  }
  Log& measured(std::uint32_t pcr, std::uint32_t type, ByteView octets_of_event) {
    return event(pcr, type, sha256(octets_of_event), octets_of_event);
  }
  Log& locality(std::uint8_t from) {
    std::string text("StartupLocality\0", 16);
    text.push_back(static_cast<char>(from));
    return event(0, no_action, Hash{}, bytes_of(text));
  }
};

Hash extended(Hash value, const Hash& digest) {
  Sha256 hash;
  hash.update(value);
  hash.update(digest);
  return hash.finish();
}

const Bytes zeros(4);

}  // namespace

TEST_CASE("a log is read event by event, and says which octets were measured") {
  const Hash image = sha256(bytes_of("a kernel"));
  const EventLog log = expect(parse_event_log(Log::started()
                                                  .measured(7, variable, bytes_of("SecureBoot=1"))
                                                  .event(4, application, image, bytes_of("\\grub"))
                                                  .measured(7, separator, zeros)
                                                  .octets));
  REQUIRE(log.events.size() == 3);
  CHECK(log.events[0].register_number == 7);
  CHECK(log.events[0].type == variable);
  CHECK(text_of(log.events[0].octets) == "SecureBoot=1");
  CHECK(log.events[0].measured);
  CHECK(log.events[1].digest == image);
  CHECK_FALSE(log.events[1].measured);
  CHECK(log.startup_locality == 0);
  CHECK(log.events[2].type == separator);
}

TEST_CASE("the replay gives each register as its TPM would hold it") {
  const Hash a = sha256(bytes_of("a")), b = sha256(bytes_of("b"));
  const Registers registers = replay(expect(parse_event_log(Log::started()
                                                                .event(4, application, a, {})
                                                                .event(0, 8, b, {})
                                                                .event(4, application, b, {})
                                                                .octets)));
  CHECK(registers[4] == extended(extended(Hash{}, a), b));
  CHECK(registers[0] == extended(Hash{}, b));
  CHECK(registers[1] == Hash{});
  CHECK(registers[16] == Hash{});
  CHECK(registers[23] == Hash{});
  Hash ones;
  ones.fill(0xff);
  CHECK(registers[17] == ones);
  CHECK(registers[22] == ones);
}

TEST_CASE("the digests of a real boot give the registers that its machine had") {
  const char* separated = "df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119";
  const std::pair<unsigned, const char*> digests[] = {
      {0, "d4720b4009438213b803568017f903093f6bea8ab47d283db32b6eabedbbf155"},
      {0, "cffddf06708f2ccb64b958cdd2a57bba0e2812937b9f7bbfc001780259919219"},
      {2, "2de50158a70fa60bcb0eff4f8ad5d5a8d6e4a808bfbe5446b74464163191a8bf"},
      {0, separated},
      {1, separated},
      {2, separated},
      {4, separated},
      {1, "66c174f6bcd22cea3a37bb47d9669da541f0488b9be9abca33323ac31838d68e"},
      {1, "6fff79a21c2c8f94652fb0fc53c37da0aa4ea839ebd945566b804f8c6c4f0162"},
      {1, "d865a2d13db7529aaae8105153650c4557a33f471650e4099b5178d21f6516bf"},
      {1, "a5428f6cb55f36175733db8f1ead37be44cca8cfe027268d0cb893d862078ca0"},
      {4, "d51e9d20c0e180d8fdded3e7d5e05b4ab8e87b2f30e6995632a14e399332103b"},
      {4, "6c1b73563471cd9082ea3d149fa4668cd8f1a0c315531d4bf513bc5ede8939a5"}};
  Log written = Log::started();
  for (const auto& [number, hex] : digests) {
    const Bytes octets = expect(from_hex(hex));
    Hash digest;
    std::copy(octets.begin(), octets.end(), digest.begin());
    written.event(number, separator, digest, zeros);
  }
  const EventLog log = expect(parse_event_log(written.octets));
  CHECK(log.events[3].measured);  // a separator's digest is of its four zeros
  const Registers registers = replay(log);
  CHECK(to_hex(registers[0]) == "758b773d94feabf52ef5a4c00a7ad2c80d8d6e6d9d58756150be9bc973da9087");
  CHECK(to_hex(registers[1]) == "bfda688a5d320123fddb3fc70b746bc17647e2e7f2f96e130d429542bf4622d5");
  CHECK(to_hex(registers[2]) == "65dee4a48cde677aa89fa83c5c35e883fda658f743853e3ebad504ca6702f7c5");
  CHECK(to_hex(registers[4]) == "7672cbacaf6568fd1767a29cce541602ad91360dbd753a16b0d64021e619d65d");
}

TEST_CASE("a dynamic launch resets its registers to zeros before it measures") {
  const Hash a = sha256(bytes_of("a"));
  const Registers registers =
      replay(expect(parse_event_log(Log::started().event(17, 5, a, {}).octets)));
  CHECK(registers[17] == extended(Hash{}, a));
  CHECK(registers[18] == Hash{});
}

TEST_CASE("the startup locality is where register 0 begins") {
  const Hash a = sha256(bytes_of("a"));
  for (const std::uint8_t from : {0, 3, 4}) {
    const EventLog log =
        expect(parse_event_log(Log::started().locality(from).event(0, 8, a, {}).octets));
    Hash begin{};
    begin[31] = from;
    CHECK(log.startup_locality == from);
    CHECK(log.events.size() == 1);
    CHECK(replay(log)[0] == extended(begin, a));
  }
  CHECK(mentions(why(parse_event_log(Log::started().locality(1).octets)), "locality 1"));
  const std::string cut("StartupLocality\0", 16);
  CHECK(mentions(
      why(parse_event_log(Log::started().event(0, no_action, Hash{}, bytes_of(cut)).octets)),
      "17 octets"));
}

TEST_CASE("what extends nothing changes no register, wherever it says it is") {
  const EventLog log = expect(parse_event_log(
      Log::started().event(0xffffffff, no_action, Hash{}, bytes_of("SP800-155 Event")).octets));
  CHECK(log.events.empty());
  CHECK(replay(log)[0] == Hash{});
}

TEST_CASE("of several banks the SHA-256 digests are taken, in whatever order they come") {
  const Hash a = sha256(bytes_of("a"));
  Log log = Log::started({sha1_bank, sha256_bank, sha384_bank});
  log.number(2, 4).number(6, 4).number(3, 4);
  log.number(0x000c, 2).raw(Bytes(48, 1)).number(0x0004, 2).raw(Bytes(20, 2));
  log.number(0x000b, 2).raw(a).event_octets({});
  const EventLog read = expect(parse_event_log(log.octets));
  REQUIRE(read.events.size() == 1);
  CHECK(read.events[0].digest == a);

  Log twice = Log::started({sha1_bank, sha256_bank});
  twice.number(2, 4).number(6, 4).number(2, 4);
  twice.number(0x000b, 2).raw(a).number(0x000b, 2).raw(a).event_octets({});
  CHECK(mentions(why(parse_event_log(twice.octets)), "two digests"));
  Log unknown = Log::started();
  unknown.number(2, 4).number(6, 4).number(1, 4).number(0x0004, 2).raw(Bytes(20)).event_octets({});
  CHECK(mentions(why(parse_event_log(unknown.octets)), "not announced"));
  Log few = Log::started({sha1_bank, sha256_bank});
  few.event(2, 6, a, {});
  CHECK(mentions(why(parse_event_log(few.octets)), "1 digests for 2 banks"));
}

TEST_CASE("a log that is not crypto-agile, or has no SHA-256, is refused") {
  CHECK(mentions(why(parse_event_log(Log::started({sha1_bank}).octets)), "no SHA-256"));
  CHECK(mentions(why(parse_event_log(Log::started({}).octets)), "0 banks"));
  CHECK(
      mentions(why(parse_event_log(Log::started(std::vector(9, sha256_bank)).octets)), "9 banks"));
  CHECK(mentions(why(parse_event_log(Log::started({sha256_bank, sha256_bank}).octets)), "twice"));
  CHECK(mentions(why(parse_event_log(Log::started({0x0014000b}).octets)), "SHA-256 with digests"));
  CHECK(mentions(why(parse_event_log(Log::started({0xffff0004}).octets)), "65535 octets"));
  CHECK(mentions(why(parse_event_log(Log::first(bytes_of("Spec ID Event00.and more")).octets)),
                 "not crypto-agile"));
  CHECK(mentions(why(parse_event_log(Log().measured(0, 8, zeros).octets)), "cut short"));
  Log old;  // of SHA-1 only: it begins with a measurement
  old.number(0, 4).number(8, 4).raw(Bytes(20)).event_octets(zeros);
  CHECK(mentions(why(parse_event_log(old.octets)), "does not begin with a specification event"));
}

TEST_CASE("a log is bounded before memory is taken") {
  Log log = Log::started();
  const std::size_t start = log.octets.size();
  log.measured(1, variable, bytes_of("x"));
  for (std::size_t size = start + 1; size < log.octets.size(); ++size)
    CHECK(mentions(why(parse_event_log(ByteView(log.octets).first(size))), "cut short"));
  Log huge = Log::started();
  huge.number(0, 4).number(8, 4).number(0xffffffff, 4);
  CHECK(mentions(why(parse_event_log(huge.octets)), "4294967295 digests"));
  huge = Log::started();
  huge.number(0, 4).number(8, 4).number(1, 4).number(0x000b, 2).raw(Hash{}).number(0xffffffff, 4);
  CHECK(mentions(why(parse_event_log(huge.octets)), "cut short"));
  CHECK(mentions(why(parse_event_log(Bytes(event_log_bytes_max + 1))), "1 MiB"));
  CHECK(mentions(why(parse_event_log(Log::started().event(24, 8, Hash{}, {}).octets)),
                 "register 24"));

  Log many = Log::started();
  for (std::size_t i = 0; i < event_log_events_max; ++i) many.event(1, 8, Hash{}, {});
  CHECK(why(parse_event_log(many.octets)) == "accepted");
  CHECK(mentions(why(parse_event_log(many.event(1, 8, Hash{}, {}).octets)), "4096 events"));

  const Bytes long_event(event_octets_kept + 1, 0x33);
  const EventLog kept = expect(parse_event_log(Log::started().measured(1, 8, long_event).octets));
  CHECK(kept.events[0].octets.size() == event_octets_kept);
  CHECK(kept.events[0].size == event_octets_kept + 1);
  CHECK(kept.events[0].measured);
}

TEST_CASE("a log explains a quote, or is refused") {
  Log written = Log::started();
  written.measured(0, 8, bytes_of("firmware 1.2")).measured(7, variable, bytes_of("SecureBoot=1"));
  written.measured(8, 13, bytes_of("linux quiet"));
  const EventLog log = expect(parse_event_log(written.octets));
  const Selection selection = selection_of({0, 1, 7, 8, 11});
  std::vector<Bytes> values = values_of(replay(log), selection);
  Quoted quoted{.selection = selection,
                .pcr_digest = pcr_digest(values, HashAlgorithm::sha384),
                .digest_algorithm = HashAlgorithm::sha384};
  CHECK(why(check_event_log(log, quoted, values)) == "accepted");
  REQUIRE(values.size() == 5);

  const EventLog longer =
      expect(parse_event_log(Log(written).measured(8, 13, bytes_of("init=/bin/sh")).octets));
  CHECK(check_event_log(longer, quoted, values).error().fault == Fault::unauthorized);
  CHECK(mentions(why(check_event_log(longer, quoted, values)), "does not give PCR 8"));
  const EventLog elsewhere =
      expect(parse_event_log(Log(written).measured(9, 13, bytes_of("initrd")).octets));
  CHECK(why(check_event_log(elsewhere, quoted, values)) == "accepted");
  values[4] = Bytes(32, 0x11);  // extended after the log was closed
  CHECK(why(check_event_log(log, quoted, values)) == "accepted");
  values.pop_back();
  CHECK(mentions(why(check_event_log(log, quoted, values)), "one value for each register"));
  quoted.selection.bank = HashAlgorithm::sha384;
  CHECK(mentions(why(check_event_log(log, quoted, values)), "SHA-256 bank only"));
}
