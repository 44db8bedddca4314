package duo

func (s *Server) routeUniversal() {}
