// From imps that name pods to pods that hold slots.
internal import JSON
internal import Units

extension RequestStorage {
    /// Makes the pods of the imps just read. The root is where a contradiction between imps is looked up.
    mutating func groupPods(of root: JSONValue) throws(Refused) {
        let all = values.imps
        // The pod of each imp, and how many slots each pod will have.
        for index in all.start..<all.start + all.count {
            let slot = slot(of: imps[index], at: index - all.start)
            let pod = try podIndex(of: slot, in: root)
            imps[index].pod = Int32(pod)
            let ends = pods[pod].slots.count + 1
            pods[pod].slots = Run(from: 0, to: ends)
        }
        // Where the slots of each pod start; they are put in place in the order of the imps.
        var start = 0
        for pod in 0..<pods.count {
            let count = pods[pod].slots.count
            pods[pod].slots = Run(from: start, to: start)
            start += count
        }
        for _ in 0..<start { _ = slots.append(PodSlot()) }
        for index in 0..<all.count {
            let imp = imps[all.start + index]
            let run = pods[Int(imp.pod)].slots
            slots[run.start + run.count] = slot(of: imp, at: index)
            pods[Int(imp.pod)].slots = Run(from: run.start, to: run.start + run.count + 1)
        }
        for pod in 0..<pods.count where !pods[pod].id.isEmpty || pods[pod].kind == .dynamic {
            pods[pod].kind = kind(of: pods[pod].slots)
        }
    }

    private func kind(of run: Run<PodSlot>) -> Pod.Kind {
        var dynamic = 0
        let slots = slots.span(run)
        for index in slots.indices where slots[index].isDynamic { dynamic += 1 }
        return dynamic == 0 ? .structured : dynamic == run.count ? .dynamic : .hybrid
    }

    /// The pod that the slot belongs to, made if this is its first.
    private mutating func podIndex(of slot: PodSlot, in root: JSONValue) throws(Refused) -> Int {
        let av = audioVideo(of: slot)
        if let av, !av.podid.isEmpty {
            for index in 0..<pods.count where areEqual(pods[index].id, av.podid) {
                try refuseContradictions(slot, av, with: index, in: root)
                if pods[index].dedupe.isEmpty { pods[index].dedupe = av.poddedupe }
                return index
            }
        }
        var pod = Pod()
        if let av {
            pod.id = av.podid
            pod.sequence = av.podseq
            pod.dedupe = av.poddedupe
            if av.isDynamic { pod.kind = .dynamic }
        }
        // One pod for each imp at most, and there is room for as many.
        let fits = pods.append(pod)
        precondition(fits, "more pods than imps")
        return pods.count - 1
    }

    /// What two slots of one pod must not say.
    private func refuseContradictions(
        _ slot: PodSlot, _ av: AudioVideo, with pod: Int, in root: JSONValue
    ) throws(Refused) {
        guard pods[pod].sequence == av.podseq else {
            throw Refused(
                try value(of: slot, in: root), "another podseq than an earlier imp of the same podid",
                "one podseq for each podid")
        }
        let first = values.imps.start
        for index in first..<first + Int(slot.imp) where imps[index].pod == Int32(pod) {
            let other = self.slot(of: imps[index], at: index - first)
            guard other.media == slot.media else {
                throw Refused(
                    try value(of: slot, in: root), "audio and video under one podid",
                    "one podid for each medium")
            }
            let isTaken =
                other.position == slot.position
                && (slot.position == SlotInPod.first || slot.position == SlotInPod.last)
            if isTaken, !other.isDynamic, !slot.isDynamic {
                throw Refused(
                    try value(of: slot, in: root), "a slotinpod that an earlier imp of the same podid has",
                    "one first and one last slot in each pod")
            }
        }
    }

    /// The video or audio object of a slot, to point a refusal at.
    @_lifetime(copy root)
    private func value(of slot: PodSlot, in root: JSONValue) throws(Refused) -> JSONValue {
        guard let imps = try fields(of: root).last("imp") else { return root }
        var elements = try elements(of: imps)
        var index: Int32 = 0
        while let imp = elements.next() {
            if index == slot.imp {
                if let av = try fields(of: imp).last(slot.media == .audio ? "audio" : "video") { return av }
                return imp
            }
            index += 1
        }
        return root
    }

    private func audioVideo(of slot: PodSlot) -> AudioVideo? {
        let imp = imps[values.imps.start + Int(slot.imp)]
        return switch slot.media {
        case .video: imp.video
        case .audio: imp.audio
        case .banner, .native: nil
        }
    }

    private func slot(of imp: Imp, at index: Int) -> PodSlot {
        var slot = PodSlot()
        slot.imp = Int32(index)
        slot.floor = imp.bidfloor
        let av: AudioVideo
        if let video = imp.video {
            av = video
        } else if let audio = imp.audio {
            av = audio
            slot.media = .audio
        } else {
            slot.media = imp.banner == nil ? .native : .banner
            return slot
        }
        slot.position = av.slotinpod
        slot.isDynamic = av.isDynamic
        slot.exactSeconds = av.rqddurs
        slot.floorPerSecond = av.mincpmpersec
        slot.durationFloors = av.durfloors
        var (least, most) = (av.minduration ?? 0, av.maxduration ?? Sensible.seconds.upperBound)
        if !av.rqddurs.isEmpty {
            let exact = integers.span(av.rqddurs)
            (least, most) = (exact[0], exact[0])
            for index in exact.indices {
                least = min(least, exact[index])
                most = max(most, exact[index])
            }
        }
        slot.minSeconds = least
        slot.maxSeconds = min(most, av.poddur ?? most)
        slot.totalSeconds = av.poddur ?? most
        if let poddur = av.poddur {
            slot.maxAds = min(av.maxseq ?? PodSlot.mostAds, poddur / max(least, 1), PodSlot.mostAds)
        }
        return slot
    }
}
