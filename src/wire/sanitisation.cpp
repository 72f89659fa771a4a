#include "wire/sanitisation.h"

#include <array>

#include "wire/update.h"

namespace muster::wire {
namespace {

constexpr const char* order_type = "muster-wipe-order";
constexpr const char* statement_type = "muster-sanitisation-statement";
constexpr std::size_t nonce_octets = 32, signature_max = 512;
constexpr std::size_t keys_max = 16, wiped_max = 64;
constexpr std::array method_names{"clear", "purge", "destroy"};

void expect_type(ObjectReader& in, const char* type) {
  if (in.text("_type", 64) != type) in.refuse("_type", std::string("must be ") + type);
}

Bytes nonce_of(ObjectReader& in) {
  auto nonce = from_hex(in.text("nonce", 2 * nonce_octets));
  if (nonce && nonce->size() == nonce_octets) return std::move(*nonce);
  in.refuse("nonce", "must be 64 hexadecimal digits");
  return {};
}

std::uint64_t number_of(ObjectReader& in, std::string_view key) {
  return static_cast<std::uint64_t>(in.integer(key, 1, static_cast<std::int64_t>(sequence_max)));
}

Result<std::vector<ErasedKey>> keys_of(const Json::Array& items) {
  std::vector<ErasedKey> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    ObjectReader each(items[i], json_pointer("/keys", i));
    ErasedKey key{.use = each.text("use", 32), .sha256 = each.text("sha256", 64)};
    if (!is_sha256_hex(key.sha256)) each.refuse("sha256", "must be 64 lower-case hex digits");
    TRY_VOID(each.done());
    out.push_back(std::move(key));
  }
  return out;
}

Result<Json> object_of(std::string_view text) {
  return parse_json(text, {.bytes = sanitisation_bytes_max, .depth = 4});
}

}  // namespace

const char* name_of(Method method) {
  return method_names[static_cast<std::size_t>(method)];
}

Result<Method> parse_method(std::string_view text) {
  for (std::size_t i = 0; i < method_names.size(); ++i)
    if (text == method_names[i]) return static_cast<Method>(i);
  return fail(Fault::invalid, "a method is clear, purge or destroy (NIST SP 800-88 Rev. 2)",
              "/method");
}

Json to_json(const WipeOrder& order) {
  return Json::object({{"_type", order_type},
                       {"device", order.device.text()},
                       {"order", order.number},
                       {"nonce", to_hex(order.nonce)},
                       {"issued", rfc3339(order.issued)},
                       {"deadline", rfc3339(order.deadline)}});
}

Result<WipeOrder> read_wipe_order(const Json& content) {
  ObjectReader in(content);
  expect_type(in, order_type);
  WipeOrder out;
  out.device = in.name<DeviceTag>("device");
  out.number = number_of(in, "order");
  out.nonce = nonce_of(in);
  out.issued = in.time("issued");
  out.deadline = in.time("deadline");
  TRY_VOID(in.done());
  return out;
}

std::string to_text(const Statement& s) {
  Json keys = Json::array(), wiped = Json::array();
  for (const auto& key : s.keys)
    keys.push(Json::object({{"use", key.use}, {"sha256", key.sha256}}));
  for (const auto& each : s.wiped) wiped.push(each);
  return canonical(Json::object({{"_type", statement_type},
                                 {"device", s.device.text()},
                                 {"order", s.order},
                                 {"nonce", to_hex(s.nonce)},
                                 {"method", name_of(s.method)},
                                 {"technique", s.technique},
                                 {"tool", s.tool},
                                 {"version", s.version},
                                 {"keys", std::move(keys)},
                                 {"wiped", std::move(wiped)},
                                 {"at", rfc3339(s.at)}}));
}

Result<Statement> parse_statement(std::string_view text) {
  if (text.size() > statement_max)
    return fail(Fault::invalid,
                "a statement has at most " + std::to_string(statement_max) + " octets");
  TRY(const Json json, object_of(text));
  ObjectReader in(json);
  expect_type(in, statement_type);
  Statement out;
  out.device = in.name<DeviceTag>("device");
  out.order = number_of(in, "order");
  out.nonce = nonce_of(in);
  const std::string method = in.text("method", 16);
  out.technique = in.text("technique", 1024);
  out.tool = in.text("tool", 64);
  out.version = in.text("version", 64);
  const auto& keys = in.array("keys", keys_max);
  out.wiped = in.texts_or("wiped", {}, wiped_max, 256);
  out.at = in.time("at");
  TRY_VOID(in.done());
  TRY(out.method, parse_method(method));
  TRY(out.keys, keys_of(keys));
  return out;
}

std::string to_text(const SignedStatement& s) {
  return to_text(Json::object({{"statement", s.statement}, {"signature", to_base64(s.signature)}}));
}

Result<SignedStatement> parse_signed_statement(std::string_view text) {
  TRY(const Json json, object_of(text));
  ObjectReader in(json);
  SignedStatement out{.statement = in.text("statement", statement_max), .signature = {}};
  auto signature = from_base64(in.text("signature", 2 * signature_max));
  if (!signature || signature->empty() || signature->size() > signature_max)
    in.refuse("signature", "must be base64 of a signature");
  TRY_VOID(in.done());
  out.signature = std::move(*signature);
  return out;
}

std::string to_text(const OrderRefusal& r) {
  return to_text(Json::object({{"why", r.why}}));
}

Result<OrderRefusal> parse_order_refusal(std::string_view text) {
  TRY(const Json json, object_of(text));
  ObjectReader in(json);
  OrderRefusal out{.why = in.text("why", 512)};
  TRY_VOID(in.done());
  return out;
}

std::string no_order() {
  return "{}";
}

bool is_no_order(std::string_view text) {
  const auto json = parse_json(text, {.bytes = 64, .depth = 1});
  return json && json->members() && json->members()->empty();
}

}  // namespace muster::wire
