// Readiness of descriptors that another library reads and writes itself, such as a database's client. The same for
// io_uring and epoll: a watch tells once.
public import Kernel

/// What may be done with a descriptor without waiting. The bits are poll's.
public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let readable = Readiness(rawValue: 0x1)
    public static let writable = Readiness(rawValue: 0x4)

    /// Errors and ends count as both: reading or writing says what is wrong.
    init(_ completion: Completion) {
        let events = UInt32(bitPattern: completion.result)
        self = events & ~5 == 0 ? Readiness(rawValue: events) : [.readable, .writable]
    }
}

/// A watch of a reactor, until it has told or is cancelled.
public struct WatchHandle: Sendable { fileprivate let token: Token }

extension Reactor {
    /// Calls a function once, when the descriptor is ready in one of the ways; it may be called without that, so whoever
    /// reads or writes then takes "not yet" for an answer. A descriptor has one watch at a time, stays open until it has
    /// told or is cancelled, and is none of the reactor's own. Throws where as many are watched as may be.
    public func watch(
        _ descriptor: Descriptor, for wanted: Readiness, _ body: @escaping (Readiness) -> Void
    ) throws(Errno) -> WatchHandle {
        guard let token = watches.begin(descriptor, body) else { throw .again }
        driver.watch(descriptor, for: wanted, token)
        return WatchHandle(token: token)
    }

    /// Forgets a watch, which tells no more; the descriptor may be closed at once. One that has told is not there.
    public func unwatch(_ watch: WatchHandle) {
        guard let descriptor = watches.cancel(watch.token) else { return }
        driver.unwatch(descriptor, watch.token)
    }
}

/// Who waits for which descriptor. A place is used again when the driver has said that the former watch is over, so that
/// what is under way in the kernel never tells another one.
struct WatchTable {
    private struct Place {
        var descriptor: Descriptor = -1
        var generation: UInt32 = 0
        /// Nil where nobody waits, or nobody waits any more.
        var body: ((Readiness) -> Void)?
    }

    private var places: [Place]
    private var free: [Int]

    init(limit: Int) {
        places = Array(repeating: Place(), count: limit)
        free = Array((0..<limit).reversed())
    }

    mutating func begin(_ descriptor: Descriptor, _ body: @escaping (Readiness) -> Void) -> Token? {
        guard let index = free.popLast() else { return nil }
        let generation = (places[index].generation + 1) & Token.generations
        places[index] = Place(descriptor: descriptor, generation: generation, body: body)
        return Token(.watch, index, generation: generation)
    }

    /// The watch's descriptor, where it has not told yet.
    mutating func cancel(_ token: Token) -> Descriptor? {
        guard places[token.index].generation == token.generation, places[token.index].body != nil else {
            return nil
        }
        places[token.index].body = nil
        return places[token.index].descriptor
    }

    /// It is over; gives who is to be told.
    mutating func take(_ token: Token) -> ((Readiness) -> Void)? {
        let place = places[token.index]
        precondition(place.generation == token.generation, "a completion for an earlier watch of this place")
        places[token.index].body = nil
        free.append(token.index)
        return place.body
    }
}
