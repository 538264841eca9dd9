// The lists of OpenRTB 2.6 and AdCOM 1.0 whose values decide something here. A value that is in none of them would be
// decided as if it were another one, so a request with it is refused; a vendor's own, where a list has room for them,
// is taken as "not said".

/// What a field may say.
struct CodeList {
    let values: ClosedRange<Int32>
    /// From 500 up, where the specification leaves those to exchanges.
    let allowsVendors: Bool

    static let vendorsFrom: Int32 = 500

    init(_ values: ClosedRange<Int32>, allowsVendors: Bool = false) {
        self.values = values
        self.allowsVendors = allowsVendors
    }

    func has(_ code: Int32) -> Bool {
        values.contains(code) || allowsVendors && code >= Self.vendorsFrom
    }

    /// `AuctionType`.
    static var auctionTypes: CodeList { CodeList(1...2, allowsVendors: true) }
    static var dealAuctionTypes: CodeList { CodeList(1...3, allowsVendors: true) }
    /// `SlotInPod`.
    static var slotPositions: CodeList { CodeList(-1...2) }
    /// `PodDeduplication`.
    static var podDeduplications: CodeList { CodeList(1...5) }
    /// Linear, or an overlay.
    static var linearities: CodeList { CodeList(1...2) }
    /// `VideoPlacement`.
    static var videoPlacements: CodeList { CodeList(1...9) }
    /// Streaming, progressive, download.
    static var deliveries: CodeList { CodeList(1...3) }
    /// On demand, live.
    static var livestreams: CodeList { CodeList(0...1) }
}

extension CodeList: CustomStringConvertible {
    var description: String {
        let own = "an integer from \(values.lowerBound) to \(values.upperBound)"
        return allowsVendors ? "\(own), or from \(Self.vendorsFrom) up" : own
    }
}
