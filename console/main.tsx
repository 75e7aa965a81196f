import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './tokens.css';
import './base.css';
import { makeQueryClient } from './live.tsx';
import { App } from './parts/App.tsx';
import { loadPage } from './routes.tsx';
import { applyTheme } from './theme.ts';
import { ToastProvider } from './ui/Toast.tsx';

// The kit puts a style into the page while a dialog is open; the security policy lets only styles with this mark pass.
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce;
Object.assign(globalThis, { __webpack_nonce__: nonce });
applyTheme();
void loadPage(window.location.pathname);

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={makeQueryClient()}>
        <ToastProvider>
          <App />
        </ToastProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
