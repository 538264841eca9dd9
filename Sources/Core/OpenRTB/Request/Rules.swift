// The regulations that a request names, and the way it came: what privacy and supply rules go by.

/// Each from where OpenRTB 2.6 has it or, where that is silent, from the `ext` in which it stood before.
public struct Regs: Sendable, BitwiseCopyable {
    public var coppa: Bool?
    public var gdpr: Bool?
    public var usPrivacy = Text.empty
    public var gpp = Text.empty
    public var gppSid = Run<Int32>()
    public var ext = Text.empty

    init() {}
}

public struct Source: Sendable, BitwiseCopyable {
    /// Whether somebody upstream, and not the exchange, decides about the sale.
    public var fd: Bool?
    public var tid = Text.empty
    public var pchain = Text.empty
    /// From `schain` or, older, `ext.schain`.
    public var schain: SupplyChain?
    public var ext = Text.empty

    init() {}
}

public struct SupplyChain: Sendable, BitwiseCopyable {
    public var complete = false
    public var ver = Text.empty
    public var nodes = Run<SupplyChainNode>()

    init() {}
}

public struct SupplyChainNode: Sendable, BitwiseCopyable {
    public var asi = Text.empty
    public var sid = Text.empty
    public var rid = Text.empty
    public var name = Text.empty
    public var domain = Text.empty
    public var hp: Bool?

    init() {}
}
