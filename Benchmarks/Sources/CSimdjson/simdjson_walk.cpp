// The peer: simdjson On-Demand as its documentation teaches it, by a loop over fields and by look-ups.
#include "CSimdjson.h"

#include <simdjson.h>

#include <string_view>

using namespace simdjson;

struct csimdjson_parser {
    ondemand::parser parser;
};

namespace {

// What a string adds: its length, and its first and last byte, so that its text must really be there.
double weight(std::string_view s) {
    return s.empty() ? 0 : double(s.size()) + uint8_t(s.front()) + uint8_t(s.back());
}

double text(ondemand::value value) { return weight(value.get_string().value()); }
double number(ondemand::value value) { return double(value.get_int64()); }
double real(ondemand::value value) { return value.get_double(); }

double video(ondemand::object fields) {
    double sum = 0;
    for (auto field : fields) {
        auto key = field.key().value();
        if (key == "minduration") sum += number(field.value());
        else if (key == "maxduration") sum += number(field.value());
        else if (key == "w") sum += number(field.value());
        else if (key == "h") sum += number(field.value());
        else if (key == "startdelay") sum += number(field.value());
        else if (key == "linearity") sum += number(field.value());
        else if (key == "protocols") for (auto p : field.value().get_array()) sum += number(p.value());
    }
    return sum;
}

double imp(ondemand::object fields) {
    double sum = 0;
    for (auto field : fields) {
        auto key = field.key().value();
        if (key == "id") sum += text(field.value());
        else if (key == "tagid") sum += text(field.value());
        else if (key == "bidfloor") sum += real(field.value());
        else if (key == "bidfloorcur") sum += text(field.value());
        else if (key == "secure") sum += number(field.value());
        else if (key == "video") sum += video(field.value().get_object());
    }
    return sum;
}

double site(ondemand::object fields) {
    double sum = 0;
    for (auto field : fields) {
        auto key = field.key().value();
        if (key == "id") sum += text(field.value());
        else if (key == "domain") sum += text(field.value());
        else if (key == "page") sum += text(field.value());
        else if (key == "cat") for (auto c : field.value().get_array()) sum += text(c.value());
        else if (key == "publisher") {
            for (auto f : field.value().get_object()) if (f.key().value() == "id") sum += text(f.value());
        }
    }
    return sum;
}

double device(ondemand::object fields) {
    double sum = 0;
    for (auto field : fields) {
        auto key = field.key().value();
        if (key == "ua") sum += text(field.value());
        else if (key == "ip") sum += text(field.value());
        else if (key == "os") sum += text(field.value());
        else if (key == "ifa") sum += text(field.value());
        else if (key == "devicetype") sum += number(field.value());
        else if (key == "lmt") sum += number(field.value());
        else if (key == "geo") {
            for (auto f : field.value().get_object()) {
                auto key = f.key().value();
                if (key == "lat") sum += real(f.value());
                else if (key == "lon") sum += real(f.value());
                else if (key == "country") sum += text(f.value());
            }
        }
    }
    return sum;
}

double request(ondemand::object fields) {
    double sum = 0;
    for (auto field : fields) {
        auto key = field.key().value();
        if (key == "id") sum += text(field.value());
        else if (key == "tmax") sum += number(field.value());
        else if (key == "at") sum += number(field.value());
        else if (key == "imp") for (auto i : field.value().get_array()) sum += imp(i.value().get_object());
        else if (key == "site") sum += site(field.value().get_object());
        else if (key == "device") sum += device(field.value().get_object());
        else if (key == "cur") for (auto c : field.value().get_array()) sum += text(c.value());
        else if (key == "user") {
            for (auto f : field.value().get_object()) {
                auto key = f.key().value();
                if (key == "id") sum += text(f.value());
                else if (key == "buyeruid") sum += text(f.value());
            }
        } else if (key == "regs") {
            for (auto f : field.value().get_object()) {
                if (f.key().value() == "coppa") sum += number(f.value());
            }
        } else if (key == "source") {
            for (auto f : field.value().get_object()) if (f.key().value() == "tid") sum += text(f.value());
        }
    }
    return sum;
}

double find(ondemand::object r) {
    double sum = 0;
    sum += text(r["id"].value());
    for (auto value : r["imp"].get_array()) {
        auto i = value.get_object().value();
        sum += text(i["id"].value());
        auto v = i["video"].get_object().value();
        sum += number(v["minduration"].value());
        sum += number(v["maxduration"].value());
        for (auto p : v["protocols"].get_array()) sum += number(p.value());
        sum += number(v["w"].value());
        sum += number(v["h"].value());
        sum += number(v["startdelay"].value());
        sum += number(v["linearity"].value());
        sum += text(i["tagid"].value());
        sum += real(i["bidfloor"].value());
        sum += text(i["bidfloorcur"].value());
        sum += number(i["secure"].value());
    }
    auto s = r["site"].get_object().value();
    sum += text(s["id"].value());
    sum += text(s["domain"].value());
    for (auto c : s["cat"].get_array()) sum += text(c.value());
    sum += text(s["page"].value());
    sum += text(s["publisher"]["id"].value());
    auto d = r["device"].get_object().value();
    sum += text(d["ua"].value());
    auto g = d["geo"].get_object().value();
    sum += real(g["lat"].value());
    sum += real(g["lon"].value());
    sum += text(g["country"].value());
    sum += number(d["lmt"].value());
    sum += text(d["ip"].value());
    sum += number(d["devicetype"].value());
    sum += text(d["os"].value());
    sum += text(d["ifa"].value());
    auto u = r["user"].get_object().value();
    sum += text(u["id"].value());
    sum += text(u["buyeruid"].value());
    sum += number(r["at"].value());
    sum += number(r["tmax"].value());
    for (auto c : r["cur"].get_array()) sum += text(c.value());
    sum += text(r["source"]["tid"].value());
    sum += number(r["regs"]["coppa"].value());
    return sum;
}

}  // namespace

extern "C" {

csimdjson_parser *csimdjson_make(size_t capacity) {
    auto *parser = new csimdjson_parser;
    if (parser->parser.allocate(capacity) != SUCCESS) {
        delete parser;
        return nullptr;
    }
    return parser;
}

void csimdjson_free(csimdjson_parser *parser) { delete parser; }

size_t csimdjson_padding(void) { return SIMDJSON_PADDING; }

const char *csimdjson_implementation(void) {
    static const std::string name = get_active_implementation()->name();
    return name.c_str();
}

double csimdjson_walk(csimdjson_parser *parser, const uint8_t *bytes, size_t count, size_t capacity) {
    try {
        ondemand::document document = parser->parser.iterate(padded_string_view(bytes, count, capacity));
        return request(document.get_object());
    } catch (const simdjson_error &) {
        return -1;
    }
}

double csimdjson_find(csimdjson_parser *parser, const uint8_t *bytes, size_t count, size_t capacity) {
    try {
        ondemand::document document = parser->parser.iterate(padded_string_view(bytes, count, capacity));
        return find(document.get_object());
    } catch (const simdjson_error &) {
        return -1;
    }
}

}
