// wire/senml -- SenML packs in JSON (RFC 8428) to resolved records and back.
//
// A record comes out resolved (section 4.6): base values are applied, its time is absolute. What is
// not a pack by the RFC is refused whole, with the record at fault; a label that ends in "_" must
// be understood and none is (section 4.4), other unknown labels are skipped unread. A record that
// holds nothing but base values gives none.
//
// A SenmlReader owns its room, about 450 kB once it has seen a pack, and takes no more memory from
// one pack to the next. One thread at a time. The time is what the caller passes; no I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"

namespace muster::wire {

constexpr std::size_t senml_bytes_max = 128 * 1024;
constexpr std::size_t senml_records_max = 1024;
constexpr std::size_t senml_name_max = 128;  // bytes, with its base name

struct SenmlRecord {
  std::string_view name;  // of A-Z a-z 0-9 - : . / _, the first a letter or a digit
  std::string_view unit;  // empty if none
  std::int64_t time = 0;  // ms since 1970 UTC
  // v, vb, or vs; of vd the base64 text, and is_data. None: the record has only a sum.
  std::variant<std::monostate, double, bool, std::string_view> value = {};
  std::optional<double> sum = {};
  bool is_data = false;

  std::optional<double> number() const {  // a boolean counts as 0 or 1
    if (auto* v = std::get_if<double>(&value)) return *v;
    if (auto* b = std::get_if<bool>(&value)) return *b ? 1.0 : 0.0;
    return std::nullopt;
  }
  bool operator==(const SenmlRecord&) const = default;
};

class SenmlReader {
 public:
  SenmlReader();
  SenmlReader(SenmlReader&&) noexcept;
  SenmlReader& operator=(SenmlReader&&) noexcept;
  ~SenmlReader();

  // The records, and the views in them, live until the next read. Times below 2^28 s are taken as
  // relative to now (section 4.5.3).
  Result<std::span<const SenmlRecord>> read(ByteView pack, std::int64_t now_ms);

 private:
  struct Room;
  std::unique_ptr<Room> room_;
};

// When all names begin with the base name, it is said once. Invalid: a name the RFC does not allow,
// a number that is not finite, a time before July 1978, which would read as relative.
Result<std::string> senml_text(std::span<const SenmlRecord>, std::string_view base_name = {});

}  // namespace muster::wire
