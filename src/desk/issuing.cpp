#include "desk/issuing.h"

#include "base/log.h"
#include "desk/attesting.h"
#include "desk/desk.h"

namespace muster::desk {
namespace {

constexpr std::uint32_t records_at_once = 1'000;

Answer<Bytes> certificate_to(link::Answered answered) {
  return [answered = std::move(answered)](Result<Bytes> der) mutable {
    if (!der) return answered(std::unexpected(der.error()));
    answered(link::Reply(std::move(*der)));
  };
}

}  // namespace

void Issuing::enrol(link::Enrol ask, link::Answered answered) {
  desk_.ask<identity::Enrolment>(
      [ask = std::move(ask)](Domain& domain) {
        return domain.identity.enrol(
            {ask.user, ask.token, ask.spki, ask.csr_digest, ask.claimed_name, ask.from});
      },
      [this, answered = std::move(answered)](Result<identity::Enrolment> enrolment) mutable {
        take(std::move(enrolment), std::move(answered));
      });
}

void Issuing::renew(link::Renew ask, link::Answered answered) {
  desk_.ask<identity::Enrolment>(
      [ask = std::move(ask)](Domain& domain) {
        return domain.identity.renew(
            {ask.certificate, ask.spki, ask.csr_digest, ask.claimed_name, ask.from});
      },
      [this, answered = std::move(answered)](Result<identity::Enrolment> enrolment) mutable {
        take(std::move(enrolment), std::move(answered));
      });
}

void Issuing::attest(link::AttestEnrol ask, link::Answered answered) {
  desk_.ask<identity::Enrolment>(
      [ask = std::move(ask)](Domain& domain) mutable {
        return domain.identity.attestation().enrol(
            {.id = std::move(ask.id),
             .secret = std::move(ask.secret),
             .boot = evidence_of(std::move(ask.boot)),
             .certify = std::move(ask.certify),
             .certify_signature = std::move(ask.certify_signature),
             .key_area = std::move(ask.key_area),
             .spki = std::move(ask.spki),
             .csr_digest = ask.csr_digest,
             .claimed_name = std::move(ask.claimed_name),
             .from = std::move(ask.from)});
      },
      [this, answered = std::move(answered)](Result<identity::Enrolment> enrolment) mutable {
        take(std::move(enrolment), std::move(answered));
      });
}

void Issuing::take(Result<identity::Enrolment> enrolment, link::Answered answered) {
  if (!enrolment) return answered(std::unexpected(enrolment.error()));
  if (auto* before = std::get_if<Bytes>(&*enrolment))
    return answered(link::Reply(std::move(*before)));
  auto& commission = std::get<identity::Commission>(*enrolment);
  signer::Order order = commission.order;
  issuer_.issue(std::move(order), [this, commission = std::move(commission),
                                   answered = std::move(answered)](Result<Bytes> der) mutable {
    desk_.ask<Bytes>(
        [commission = std::move(commission),
         der = std::move(der)](Domain& domain) mutable -> Result<Bytes> {
          if (der) return domain.identity.file(commission, *der);
          domain.identity.abandon(commission);
          return der;
        },
        certificate_to(std::move(answered)));
  });
}

void Issuing::crl(link::Answered answered) {
  desk_.ask<identity::RevocationList>(
      [](Domain& domain) -> Result<identity::RevocationList> { return domain.identity.crl(); },
      [this, answered = std::move(answered)](Result<identity::RevocationList> list) mutable {
        if (!list) return answered(std::unexpected(list.error()));
        if (auto* fresh = std::get_if<Bytes>(&*list))
          return answered(link::Reply(std::move(*fresh)));
        auto& order = std::get<signer::CrlOrder>(*list);
        signer::CrlOrder wanted = order;
        issuer_.make_list(std::move(wanted),
                          [this, order = std::move(order),
                           answered = std::move(answered)](Result<Bytes> der) mutable {
                            desk_.ask<Bytes>(
                                [order = std::move(order),
                                 der = std::move(der)](Domain& domain) mutable -> Result<Bytes> {
                                  if (!der) return der;
                                  return domain.identity.file_crl(order, std::move(*der));
                                },
                                certificate_to(std::move(answered)));
                          });
      });
}

void Issuing::reconcile(const identity::Identity& identity) {
  issuer_.since(
      identity.reconciled(), records_at_once, [this](Result<std::vector<signer::Issuance>> log) {
        if (!log) {
          log::warning("desk", "the signer's log cannot be read", {{"why", log.error().message}});
          return;
        }
        if (log->empty()) return;
        desk_.ask<bool>(
            [log = std::move(*log)](Domain& domain) -> Result<bool> {
              domain.identity.reconcile(log);
              return true;
            },
            [](Result<bool>) {});
      });
}

}  // namespace muster::desk
