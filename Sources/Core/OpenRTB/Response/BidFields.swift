// The optional fields of a bid, by kind: what a writer may be asked to write, and nothing else.

/// Fields that are text.
public enum BidText: Sendable {
    case adid, bundle, iurl, cid, crid, tactic, language, langb, dealid

    var key: StaticString {
        switch self {
        case .adid: "adid"
        case .bundle: "bundle"
        case .iurl: "iurl"
        case .cid: "cid"
        case .crid: "crid"
        case .tactic: "tactic"
        case .language: "language"
        case .langb: "langb"
        case .dealid: "dealid"
        }
    }
}

/// Fields in which macros are replaced.
public enum BidMarkup: Sendable {
    case adm, nurl, burl, lurl

    var key: StaticString {
        switch self {
        case .adm: "adm"
        case .nurl: "nurl"
        case .burl: "burl"
        case .lurl: "lurl"
        }
    }
}

/// Fields that are whole numbers.
public enum BidNumber: Sendable {
    case cattax, `protocol`, qagmediarating, w, h, wratio, hratio, exp, dur, mtype, slotinpod

    var key: StaticString {
        switch self {
        case .cattax: "cattax"
        case .protocol: "protocol"
        case .qagmediarating: "qagmediarating"
        case .w: "w"
        case .h: "h"
        case .wratio: "wratio"
        case .hratio: "hratio"
        case .exp: "exp"
        case .dur: "dur"
        case .mtype: "mtype"
        case .slotinpod: "slotinpod"
        }
    }
}

/// Fields that are lists: of text the first two, of numbers the others.
public enum BidList: Sendable {
    case adomain, cat, attr, apis

    var key: StaticString {
        switch self {
        case .adomain: "adomain"
        case .cat: "cat"
        case .attr: "attr"
        case .apis: "apis"
        }
    }
}
