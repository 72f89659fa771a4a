#include "desk/issuing.h"

#include "base/log.h"
#include "desk/attesting.h"
#include "desk/desk.h"

namespace muster::desk {
namespace {

constexpr std::uint32_t records_at_once = 1'000;

identity::Claims claims_of(link::Claims c) {
  return {c.other_attributes, c.authority, std::move(c.names)};
}

Answer<Bytes> certificate_to(link::Answered answered) {
  return [answered = std::move(answered)](Result<Bytes> der) mutable {
    if (!der) return answered(std::unexpected(der.error()));
    answered(link::Reply(std::move(*der)));
  };
}

}  // namespace

void Issuing::enrol(link::Enrol ask, link::Answered answered) {
  desk_.ask<identity::Enrolment>(
      [ask = std::move(ask)](Domain& domain) mutable {
        return domain.identity.enrol(
            {std::move(ask.user), std::move(ask.token), std::move(ask.spki), ask.csr_digest,
             std::move(ask.claimed_name), std::move(ask.from), std::move(ask.chain),
             std::move(ask.profile), claims_of(std::move(ask.claims)), ask.server_key});
      },
      [this, answered = std::move(answered)](Result<identity::Enrolment> enrolment) mutable {
        take(std::move(enrolment), std::move(answered));
      });
}

void Issuing::renew(link::Renew ask, link::Answered answered) {
  desk_.ask<identity::Enrolment>(
      [ask = std::move(ask)](Domain& domain) mutable {
        return domain.identity.renew({ask.certificate, std::move(ask.spki), ask.csr_digest,
                                      std::move(ask.claimed_name), std::move(ask.from),
                                      std::move(ask.profile), claims_of(std::move(ask.claims))});
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
             .from = std::move(ask.from),
             .claims = claims_of(std::move(ask.claims))});
      },
      [this, answered = std::move(answered)](Result<identity::Enrolment> enrolment) mutable {
        take(std::move(enrolment), std::move(answered));
      });
}

void Issuing::take(Result<identity::Enrolment> enrolment, link::Answered answered) {
  if (!enrolment) return answered(std::unexpected(enrolment.error()));
  if (auto* before = std::get_if<Bytes>(&*enrolment))
    return answered(link::Reply(std::move(*before)));
  if (const auto* parked = std::get_if<identity::Later>(&*enrolment)) {
    const auto wait = std::chrono::ceil<std::chrono::seconds>(parked->retry_after).count();
    return answered(link::Reply(link::Later{static_cast<std::uint32_t>(wait)}));
  }
  auto commission =
      std::make_unique<identity::Commission>(std::get<identity::Commission>(std::move(*enrolment)));
  const auto& order = commission->order;
  issuer_.issue(order, [this, commission = std::move(commission),
                        answered = std::move(answered)](Result<Bytes> der) mutable {
    desk_.ask<Bytes>(
        [commission = std::move(commission),
         der = std::move(der)](Domain& domain) mutable -> Result<Bytes> {
          if (der) return domain.identity.file(*commission, std::move(*der));
          domain.identity.abandon(*commission);
          return der;
        },
        certificate_to(std::move(answered)));
  });
}

// However many ask for a list that must be made, the signer makes it once.
void Issuing::crl(link::GetCrl ask, link::Answered answered) {
  desk_.ask<identity::RevocationList>(
      [ask](Domain& domain) {
        if (ask.other) return domain.identity.crl_of_other();
        return ask.shard ? domain.identity.crl(*ask.shard) : domain.identity.crl();
      },
      [this, ask, answered = std::move(answered)](Result<identity::RevocationList> list) mutable {
        if (!list) return answered(std::unexpected(list.error()));
        if (auto* fresh = std::get_if<Bytes>(&*list))
          return answered(link::Reply(std::move(*fresh)));
        auto& waiting = waiting_[ask];
        waiting.push_back(std::move(answered));
        if (waiting.size() > 1) return;
        const auto& order = std::get<signer::CrlOrder>(*list);
        // Filed by its terms: the entries, a million perhaps, need not wait for that.
        signer::CrlOrder terms{.terms = order.terms, .revoked = {}, .issuer = order.issuer};
        issuer_.make_list(order, [this, ask, terms = std::move(terms)](Result<Bytes> der) mutable {
          desk_.ask<Bytes>(
              [terms = std::move(terms),
               der = std::move(der)](Domain& domain) mutable -> Result<Bytes> {
                if (!der) return der;
                return domain.identity.file_crl(terms, std::move(*der));
              },
              [this, ask](const Result<Bytes>& made) { list_made(ask, made); });
        });
      });
}

void Issuing::list_made(const link::GetCrl& list, const Result<Bytes>& der) {
  for (auto& answered : std::exchange(waiting_[list], {})) certificate_to(std::move(answered))(der);
  waiting_.erase(list);
}

void Issuing::reconcile(const identity::Identity& identity) {
  issuer_.since(identity.reconciled(), records_at_once,
                [this](Result<std::vector<signer::Issuance>> log) {
                  if (!log)
                    return log::warning("desk", "the signer's log cannot be read",
                                        {{"why", log.error().message}});
                  if (log->empty()) return;
                  desk_.tell("what the signer has signed",
                             [this, log = std::move(*log)](Domain& domain) -> Result<void> {
                               if (domain.identity.reconcile(log)) reconcile(domain.identity);
                               return {};
                             });
                });
}

}  // namespace muster::desk
