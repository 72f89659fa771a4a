#include "pkcs11/uri.h"

#include "pkcs11/internal/p11_kit.h"

namespace muster::pkcs11 {
namespace {

constexpr std::size_t uri_octets_max = 4096;

std::string text_or_empty(const char* text) {
  return text ? text : "";
}

Result<std::string> pin_file_of(const P11KitUri* uri) {
  std::string source = text_or_empty(p11_kit_uri_get_pin_source(uri));
  for (const std::string_view scheme : {"file://", "file:"})
    if (source.starts_with(scheme)) {
      source.erase(0, scheme.size());
      break;
    }
  if (!source.empty() && source.front() != '/')
    return fail(Fault::invalid,
                "pin-source must be file: and the absolute path of the file with the PIN");
  return source;
}

Bytes attribute_of(P11KitUri* uri, CK_ATTRIBUTE_TYPE type) {
  const CK_ATTRIBUTE* found = p11_kit_uri_get_attribute(uri, type);
  if (!found || !found->pValue) return {};
  const auto* octets = static_cast<const std::uint8_t*>(found->pValue);
  return {octets, octets + found->ulValueLen};
}

}  // namespace

Result<UriHandle> parsed(const std::string& text) {
  UriHandle uri(p11_kit_uri_new());
  if (!uri) return fail(Fault::exhausted, "there is no memory for a URI");
  if (const int code = p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_ANY, uri.get());
      code != P11_KIT_URI_OK)
    return fail(Fault::invalid,
                std::string("not a PKCS#11 URI as RFC 7512 has it: ") + p11_kit_uri_message(code));
  return uri;
}

bool is_uri(std::string_view text) {
  return text.starts_with("pkcs11:");
}

Result<Uri> parse_uri(std::string_view given) {
  if (!is_uri(given) || given.size() > uri_octets_max || given.find('\0') != std::string::npos)
    return fail(Fault::invalid,
                "a key in a token is named by a URI that begins with pkcs11:, at most 4096 octets");
  Uri out{.text = std::string(given),
          .name = std::string(given.substr(0, given.find('?'))),
          .module_path = {},
          .module_name = {},
          .pin_file = {},
          .object = {},
          .id = {}};
  TRY(const auto uri, parsed(out.text));
  if (p11_kit_uri_get_pin_value(uri.get()))
    return fail(Fault::invalid,
                "a PIN does not belong in a URI, where others can read it: write it to a file of "
                "mode 0600 and name that by pin-source=file:/...");
  if (p11_kit_uri_any_unrecognized(uri.get()))
    return fail(Fault::invalid, "the PKCS#11 URI has an attribute that RFC 7512 does not know");
  TRY(out.pin_file, pin_file_of(uri.get()));
  out.module_path = text_or_empty(p11_kit_uri_get_module_path(uri.get()));
  out.module_name = text_or_empty(p11_kit_uri_get_module_name(uri.get()));
  out.id = attribute_of(uri.get(), CKA_ID);
  const Bytes label = attribute_of(uri.get(), CKA_LABEL);
  out.object = text_of(label);
  return out;
}

}  // namespace muster::pkcs11
