#include "crypto/note.h"

#include <catch2/catch.hpp>

using namespace muster;
using namespace muster::crypto;

namespace {

// The example of the signed-note format, as Go's checksum database has it.
const std::string peter = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const std::string enoch = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const std::string known_text =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
const std::string by_peter =
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/"
    "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const std::string by_enoch =
    "\u2014 EnochRoot "
    "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/"
    "5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

FileKey fresh_key() {
  return expect(FileKey::generate(Algorithm::ed25519));
}

Fault refusal_of(const std::string& note, const std::string& key) {
  auto text = open_note(note, key);
  REQUIRE_FALSE(text);
  return text.error().fault;
}

}  // namespace

TEST_CASE("the published example note opens with either of its keys") {
  CHECK(expect(open_note(known_text + "\n" + by_peter + by_enoch, peter)) == known_text);
  CHECK(expect(open_note(known_text + "\n" + by_peter + by_enoch, enoch)) == known_text);
  CHECK(refusal_of(known_text + "\n" + by_peter, enoch) == Fault::unauthorized);
}

TEST_CASE("a note that we sign opens with the verifier key that we publish") {
  const FileKey key = fresh_key();
  const std::string verifier = verifier_key("muster.example/ledger", key.public_key());
  const std::string note = expect(sign_note("a\n\nb\n", "muster.example/ledger", key));
  CHECK(note.starts_with("a\n\nb\n\n\u2014 muster.example/ledger "));
  CHECK(expect(open_note(note, verifier)) == "a\n\nb\n");
}

TEST_CASE("a changed text or signature does not open") {
  const FileKey key = fresh_key();
  const std::string verifier = verifier_key("n", key.public_key());
  const std::string note = expect(sign_note("size 7\n", "n", key));
  std::string changed = note;
  changed[5] = '8';
  CHECK(refusal_of(changed, verifier) == Fault::corrupt);
  CHECK(refusal_of(note.substr(0, note.size() - 1), verifier) == Fault::invalid);
  CHECK(refusal_of("size 7\n", verifier) == Fault::invalid);
  CHECK(refusal_of("size 7\n\n", verifier) == Fault::unauthorized);
  CHECK(refusal_of(note + "x\n", verifier) == Fault::invalid);
}

TEST_CASE("a wrong signature by the key refuses the note even beside a good one") {
  std::string bad = by_peter;
  bad[30] = bad[30] == 'A' ? 'B' : 'A';
  CHECK(refusal_of(known_text + "\n" + by_peter + bad, peter) == Fault::corrupt);
}

TEST_CASE("base64 of a signature has one spelling") {
  std::string respelled = by_enoch;  // '+' and '/' also exist in the alphabet for URLs
  respelled[respelled.find('+')] = '-';
  CHECK(refusal_of(known_text + "\n" + respelled, enoch) == Fault::invalid);
}

TEST_CASE("a verifier key whose id, type, name or length is wrong is refused") {
  const std::string note = known_text + "\n" + by_peter;
  CHECK(refusal_of(note, "PeterNeumann+c74f20a4" + peter.substr(21)) == Fault::invalid);
  CHECK(refusal_of(note, "Peter" + peter.substr(12)) == Fault::invalid);
  CHECK(refusal_of(note, peter.substr(0, peter.size() - 4)) == Fault::invalid);
  CHECK(refusal_of(note, "") == Fault::invalid);
  CHECK(refusal_of(note, "+c74f20a3+ARpc") == Fault::invalid);
}

TEST_CASE("only Ed25519 signs notes, under a name of one word, text that is text") {
  const FileKey ecdsa = expect(FileKey::generate(Algorithm::ecdsa_p256));
  CHECK_FALSE(sign_note("a\n", "n", ecdsa));
  const FileKey key = fresh_key();
  CHECK_FALSE(sign_note("a\n", "two words", key));
  CHECK_FALSE(sign_note("a\n", "no\u2003break", key));
  CHECK_FALSE(sign_note("a\n", "plus+", key));
  CHECK_FALSE(sign_note("a\n", "", key));
  CHECK_FALSE(sign_note("no newline", "n", key));
  CHECK_FALSE(sign_note("bell \a\n", "n", key));
  CHECK_FALSE(sign_note("broken \xff\n", "n", key));
  CHECK_FALSE(sign_note("", "n", key));
}

TEST_CASE("a tree head survives its text, extension lines included") {
  TreeHead head{.origin = "muster.example/ledger", .size = 20852163, .root = sha256({})};
  const std::string text = tree_head_text(head);
  CHECK(text == "muster.example/ledger\n20852163\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
  const TreeHead again = expect(parse_tree_head(text + "extension\n"));
  CHECK(again.origin == head.origin);
  CHECK(again.size == head.size);
  CHECK(again.root == head.root);
}

TEST_CASE("a tree head that strays from its form is refused") {
  const std::string root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
  CHECK(parse_tree_head("o\n18446744073709551615\n" + root));
  CHECK_FALSE(parse_tree_head("o\n18446744073709551616\n" + root));
  CHECK_FALSE(parse_tree_head("o\n007\n" + root));
  CHECK_FALSE(parse_tree_head("o\n-7\n" + root));
  CHECK_FALSE(parse_tree_head("o\n7 \n" + root));
  CHECK_FALSE(parse_tree_head("\n7\n" + root));
  CHECK_FALSE(parse_tree_head("o\n7\n" + root.substr(4)));
  CHECK_FALSE(parse_tree_head("o\n7\n" + root.substr(0, root.size() - 1)));
  CHECK_FALSE(parse_tree_head("o\n7\n" + root + "\n"));
  CHECK_FALSE(parse_tree_head("o\n7\n" + root + "cut"));
  CHECK_FALSE(parse_tree_head(""));
}
