#pragma once

#include <cstdlib>
#include <memory>

#include <ldns/ldns.h>

/// ldns's objects, each with an owner.
namespace lockstep::dns {

struct LdnsFree {
    void operator()(ldns_rr* record) const { ldns_rr_free(record); }
    void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
    void operator()(char* text) const { std::free(text); } // ldns allocates with malloc
    void operator()(ldns_rdf* data) const { ldns_rdf_deep_free(data); }
    void operator()(std::uint8_t* bytes) const { std::free(bytes); }
};

template <class T> using LdnsOwned = std::unique_ptr<T, LdnsFree>;

} // namespace lockstep::dns
