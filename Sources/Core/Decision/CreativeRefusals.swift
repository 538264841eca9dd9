// What a request and its place refuse single creatives for, beside what every slot says itself: block lists, apps,
// categories, languages. The index has seen to what all creatives of a line item share.
internal import Catalog
internal import OpenRTB
internal import Units

/// What the request at hand may refuse creatives for. Most creatives have neither attributes nor categories, and most
/// requests refuse nobody else.
struct CreativeRefusals {
    /// Creatives by their ids, for an app, or in another language.
    fileprivate var isForAny = false
    /// All that are not of some category.
    fileprivate var asksForCategories = false
}

extension KnownCreative {
    /// It has neither attributes nor categories.
    fileprivate var isUnmarked: Bool { attributes.range.isEmpty && categories.range.isEmpty }
}

extension DecisionWorkspace {
    /// Works out what the request at hand may refuse creatives for.
    mutating func setRefusals(_ request: borrowing BidRequest) {
        refusals.asksForCategories = !request.acat.isEmpty
        refusals.isForAny =
            !request.bapp.isEmpty || !request.wlang.isEmpty || !request.wlangb.isEmpty
            || isBlocked { $0.hasCreatives(blockList: $1) }
    }

    @inline(__always)
    mutating func isRefused(_ row: Int, _ hasOthers: Bool, _ request: borrowing BidRequest) -> Bool {
        if !refusals.isForAny, !refusals.asksForCategories, demand.creatives[row].isUnmarked { return false }
        return isRefusedByMarks(row, hasOthers, request) || refusals.isForAny && isRefusedItself(row, request)
    }

    private mutating func isRefusedByMarks(
        _ row: Int, _ hasOthers: Bool, _ request: borrowing BidRequest
    ) -> Bool {
        for place in demand.creatives[row].attributes.range {
            let attribute = snapshot.attribute(inList: place)
            if isBlocked({ $0.blockList($1, refusesAttribute: attribute) }) { return true }
        }
        var isAskedFor = !refusals.asksForCategories
        for place in demand.creatives[row].categories.range {
            let category = snapshot.category(at: place)
            if isBlocked({ $0.blockList($1, refusesCategory: category) }) { return true }
            let own = snapshot.bytes(category)
            if hasOthers, own.isOf(oneOf: request[request.bcat], request) { return true }
            if !isAskedFor { isAskedFor = own.isOf(oneOf: request[request.acat], request) }
        }
        return !isAskedFor
    }

    private mutating func isRefusedItself(_ row: Int, _ request: borrowing BidRequest) -> Bool {
        if isBlocked({ $0.blockList($1, refusesCreative: row) }) { return true }
        if advertises(request[request.bapp], row, request) { return true }
        // An exchange says one of the two.
        let languages = request[request.wlang.isEmpty ? request.wlangb : request.wlang]
        guard !languages.isEmpty, let language = demand.creatives[row].language else { return false }
        for index in languages.indices
        where snapshot.bytes(language).isSpoken(by: request[languages[index]]) { return false }
        return true
    }

    /// Whether one of the place's block lists refuses something.
    private mutating func isBlocked(_ refuses: (CatalogSnapshot, Int) -> Bool) -> Bool {
        if let publisher = place.publisher {
            for at in snapshot.blockLists(ofPublisher: publisher)
            where refuses(snapshot, snapshot.blockListOfPublisher(at: at)) { return true }
        }
        if let inventory = place.inventory {
            for at in snapshot.blockLists(ofInventory: inventory)
            where refuses(snapshot, snapshot.blockListOfInventory(at: at)) { return true }
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
    fileprivate func isOf(oneOf categories: Span<Text>, _ request: borrowing BidRequest) -> Bool {
        for index in categories.indices where isOf(category: request[categories[index]]) { return true }
        return false
    }

    /// Whether this language is the one that is asked for, or a way of speaking it: `pt-BR` is `pt`.
    fileprivate func isSpoken(by asked: RawSpan) -> Bool {
        if isSame(asked) { return true }
        return byteCount > asked.byteCount && byte(asked.byteCount) == UInt8(ascii: "-")
            && extracting(0..<asked.byteCount).isSame(asked)
    }
}
