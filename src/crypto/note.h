// crypto/note -- signed notes and checkpoints after C2SP signed-note and tlog-checkpoint (Ed25519).
//
// A note is text ending in a newline, an empty line, and lines "— name base64(key id ||
// signature)". Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "crypto/key.h"
#include "crypto/merkle.h"

namespace muster::crypto {

std::string verifier_key(std::string_view name,
                         const PublicKey& ed25519);  // "name+8 hex+base64(0x01 || key)"
Result<std::string> sign_note(std::string_view text, std::string_view name,
                              const SigningKey& ed25519);
Result<std::string> open_note(std::string_view note,
                              std::string_view verifier_key);  // the text, if that key signed it

struct TreeHead {
  std::string origin;
  std::uint64_t size = 0;
  Hash root;
};
std::string tree_head_text(const TreeHead&);
Result<TreeHead> parse_tree_head(std::string_view text);

}  // namespace muster::crypto
