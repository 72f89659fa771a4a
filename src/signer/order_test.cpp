#include "signer/order.h"

#include <catch2/catch.hpp>

#include "signer/frame.h"
#include "signer/test_authority.h"

using namespace muster;
using namespace muster::signer;

namespace {

Order whole_order() {
  return {.kind = Template::server,
          .serial = serial_number(9),
          .subject = "fleet.example",
          .dns_names = {"fleet.example", "localhost"},
          .ip_addresses = {"127.0.0.1", "::1"},
          .not_before = crypto::test_time,
          .not_after = crypto::test_time + 24h,
          .spki = {1, 2, 3},
          .crl_url = "http://fleet.example/crl",
          .ocsp_url = "http://fleet.example/ocsp"};
}

CrlOrder whole_list() {
  return {.terms = {.number = 12,
                    .this_update = crypto::test_time,
                    .next_update = crypto::test_time + 24h,
                    .scope = {.shard_uri = "http://fleet.example/crl/3",
                              .only_user_certificates = true}},
          .revoked = {{.serial = {0x40, 1},
                       .at = crypto::test_time,
                       .reason = crypto::RevocationReason::superseded}}};
}

}  // namespace

TEST_CASE("an order is read back as it was written") {
  const Order order = whole_order();
  CHECK(expect(decode_order(expect(encode(order)))) == order);
  const CrlOrder list = whole_list();
  const CrlOrder again = expect(decode_crl_order(expect(encode(list))));
  CHECK(again.revoked == list.revoked);
  CHECK(again.terms.scope == list.terms.scope);
  CHECK(again.terms.number == 12);
}

TEST_CASE("an order that is cut short anywhere, or goes on after its end, is refused") {
  const Bytes order = expect(encode(whole_order())), list = expect(encode(whole_list()));
  for (std::size_t n = 0; n < order.size(); ++n)
    CHECK_FALSE(decode_order(ByteView(order).first(n)));
  for (std::size_t n = 0; n < list.size(); ++n)
    CHECK_FALSE(decode_crl_order(ByteView(list).first(n)));
  Bytes longer = order;
  longer.push_back(0);
  CHECK(decode_order(longer).error().message == "order: an empty issuer is left out");
  longer.back() = 1;
  longer.insert(longer.end(), {7, 7});
  CHECK(decode_order(longer).error().message == "order: something follows its end");
}

TEST_CASE("an order may name the CA that is to sign it, and is another order then") {
  Order order = whole_order();
  const Bytes without = expect(encode(order));
  order.issuer = Bytes(20, 0x5a);
  const Bytes with = expect(encode(order));
  CHECK(with != without);
  CHECK(expect(decode_order(with)) == order);
  order.issuer = Bytes(order_issuer_max + 1, 0x5a);
  CHECK(encode(order).error().field == "issuer");
  CrlOrder list = whole_list();
  list.issuer = Bytes(20, 0x5a);
  CHECK(expect(decode_crl_order(expect(encode(list)))).issuer == list.issuer);
}

TEST_CASE("a count that its octets cannot hold is refused before memory is taken for it") {
  Bytes list = expect(encode(whole_list()));
  const std::size_t count_at = list.size() - (1 + 2 + 8 + 1) - 4;
  list[count_at] = 0x7f;
  CHECK(decode_crl_order(list).error().message ==
        "order of a revocation list: more entries than it has room for");
}

TEST_CASE("what would not be read is not written") {
  Order order = whole_order();
  order.dns_names.assign(65, "a.example");
  CHECK(encode(order).error().field == "dns_names");
  order = whole_order();
  order.subject.assign(256, 'a');
  CHECK(encode(order).error().field == "subject");
  CrlOrder list = whole_list();
  list.revoked.front().serial.assign(21, 1);
  CHECK(encode(list).error().field == "serial");
}

TEST_CASE("a revocation list is not ordered as a certificate") {
  Bytes order = expect(encode(whole_order()));
  order[1] = static_cast<std::uint8_t>(Template::revocation_list);
  CHECK(decode_order(order).error().message == "order: of a template that does not exist");
}

TEST_CASE("frames are found in whatever pieces they come") {
  Bytes octets;
  append_frame(octets, FrameType::issue, 1, bytes_of("first"));
  append_frame(octets, FrameType::chain, 2, {});
  append_frame(octets, FrameType::make_list, 3, bytes_of("third"));
  FrameBuffer buffer(Side::signer);
  std::vector<std::string> seen;
  for (const std::uint8_t octet : octets) {
    buffer.append({&octet, 1});
    while (const auto frame = expect(buffer.next()))
      seen.push_back(std::to_string(frame->number) + std::string(text_of(frame->content)));
  }
  CHECK(seen == std::vector<std::string>{"1first", "2", "3third"});
}

TEST_CASE("a frame's length is judged by its type before its content is waited for") {
  Bytes octets;
  append_frame(octets, FrameType::issue, 1, Bytes(order_bytes_max + 1));
  FrameBuffer buffer(Side::signer);
  buffer.append(ByteView(octets).first(frame_head_octets));
  CHECK(buffer.next().error().message == "frame: longer than its type allows");
}

TEST_CASE("the signer takes no answers, and the controller no requests") {
  Bytes request, answer;
  append_frame(request, FrameType::chain, 1, {});
  append_frame(answer, FrameType::done, 1, {});
  FrameBuffer signer(Side::signer), controller(Side::controller);
  signer.append(answer);
  controller.append(request);
  CHECK_FALSE(signer.next());
  CHECK_FALSE(controller.next());
}

TEST_CASE("a refusal arrives with its fault, its field and its words") {
  for (const Fault fault : {Fault::invalid, Fault::forbidden, Fault::conflict, Fault::exhausted,
                            Fault::unavailable, Fault::internal}) {
    const Error error = expect(decode_refusal(encode_refusal({fault, "why not", "subject"})));
    CHECK(error.fault == fault);
    CHECK(error.message == "why not");
    CHECK(error.field == "subject");
  }
}
