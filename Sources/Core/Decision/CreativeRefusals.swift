// What a request and its place refuse single creatives for, beside what every slot says itself: block lists, apps,
// categories, languages. The index has seen to what all creatives of a line item share.
internal import Catalog
internal import OpenRTB
internal import Units

struct CreativeRefusals {
    /// Something is refused that any creative may be: one of those that are named, for an app, not of a category that is
    /// asked for, in another language. All else goes by attributes and categories, of which most creatives have none.
    fileprivate(set) var isForAny = false
}

extension KnownCreative {
    /// It has neither attributes nor categories.
    var isUnmarked: Bool { attributes.range.isEmpty && categories.range.isEmpty }
}

extension DecisionWorkspace {
    /// Works out what the request at hand may refuse creatives for.
    mutating func setRefusals(_ request: borrowing BidRequest) {
        refusals.isForAny =
            !request.bapp.isEmpty || !request.acat.isEmpty || !request.wlang.isEmpty
            || !request.wlangb.isEmpty
        if let publisher = place.publisher {
            for at in snapshot.blockLists(ofPublisher: publisher)
            where snapshot.namesCreatives(blockList: snapshot.blockListOfPublisher(at: at)) {
                refusals.isForAny = true
            }
        }
        if let inventory = place.inventory {
            for at in snapshot.blockLists(ofInventory: inventory)
            where snapshot.namesCreatives(blockList: snapshot.blockListOfInventory(at: at)) {
                refusals.isForAny = true
            }
        }
    }

    /// What the request as a whole and the place refuse of a single creative: the index has only seen to what
    /// all creatives of a line item share.
    @inline(__always)
    mutating func isRefused(_ row: Int, _ hasOthers: Bool, _ request: borrowing BidRequest) -> Bool {
        if !refusals.isForAny, demand.creatives[row].isUnmarked { return false }
        return isRefused(row, demand.creatives[row], hasOthers, request)
    }

    private mutating func isRefused(
        _ row: Int, _ creative: KnownCreative, _ hasOthers: Bool, _ request: borrowing BidRequest
    ) -> Bool {
        if let publisher = place.publisher {
            for at in snapshot.blockLists(ofPublisher: publisher)
            where isBlocked(row, creative, by: snapshot.blockListOfPublisher(at: at)) { return true }
        }
        if let inventory = place.inventory {
            for at in snapshot.blockLists(ofInventory: inventory)
            where isBlocked(row, creative, by: snapshot.blockListOfInventory(at: at)) { return true }
        }
        if advertises(request[request.bapp], row, request) { return true }
        if hasOthers, shares(creative, request[request.bcat], request) { return true }
        let allowed = request[request.acat]
        if !allowed.isEmpty, !shares(creative, allowed, request) { return true }
        // An exchange says one of the two.
        let languages = request[request.wlang.isEmpty ? request.wlangb : request.wlang]
        guard !languages.isEmpty, let language = creative.language else { return false }
        for index in languages.indices where snapshot.bytes(language).isSpoken(by: request[languages[index]]) {
            return false
        }
        return true
    }

    private mutating func isBlocked(_ row: Int, _ creative: KnownCreative, by list: Int) -> Bool {
        snapshot.blockList(
            list, refuses: row, attributes: creative.attributes.range, categories: creative.categories.range)
    }

    private mutating func shares(
        _ creative: KnownCreative, _ categories: Span<Text>, _ request: borrowing BidRequest
    ) -> Bool {
        if categories.isEmpty { return false }
        for place in creative.categories.range {
            let own = snapshot.bytes(snapshot.category(at: place))
            for index in categories.indices where own.isOf(category: request[categories[index]]) {
                return true
            }
        }
        return false
    }

    /// Whether the ad is for one of these apps.
    private mutating func advertises(
        _ apps: Span<Text>, _ row: Int, _ request: borrowing BidRequest
    ) -> Bool {
        guard !apps.isEmpty else { return false }
        for place in snapshot.bundles(ofCreative: row) {
            let own = snapshot.bytes(snapshot.bundle(at: place))
            for index in apps.indices where request[apps[index]].isSame(own) { return true }
        }
        return false
    }
}

extension RawSpan {
    /// Whether this language is the one that is asked for, or a way of speaking it: `pt-BR` is `pt`.
    fileprivate func isSpoken(by asked: RawSpan) -> Bool {
        if isSame(asked) { return true }
        return byteCount > asked.byteCount && byte(asked.byteCount) == UInt8(ascii: "-")
            && extracting(0..<asked.byteCount).isSame(asked)
    }
}
